import RelayCore
import StoreFixtures
import Testing

@Suite(.serialized) struct PinTests {
    @Test(arguments: Backend.allCases)
    func theFirstKeyStands(_ backend: Backend) async throws {
        try await backend.with { store in
            let first = try await store.pin(claim(1, key: 1))
            #expect(first == .held)
            #expect(try await store.pin(claim(1, key: 1)) == .held)
            #expect(try await store.pin(claim(1, key: 2)) == .pinnedToAnotherKey)
            #expect(try await store.pin(claim(2, key: 2)) == .held)
        }
    }

    @Test(arguments: Backend.allCases)
    func anAttestationTakesOverAnAnonymousPinAndRenewsItsOwn(_ backend: Backend) async throws {
        try await backend.with { store in
            _ = try await store.pin(claim(1, key: 1))
            #expect(try await store.pin(claim(1, key: 2, org: "acme")) == .held)
            #expect(try await store.pin(claim(1, key: 3, org: "acme")) == .held)
            #expect(try await store.pin(claim(1, key: 3, org: "other")) == .ownedByAnotherOrg)
            #expect(try await store.pin(claim(1, key: 1)) == .pinnedToAnotherKey)
            #expect(try await store.pin(claim(1, key: 3)) == .held)
            #expect(try await store.pin(claim(1, key: 4, org: "acme")) == .held)
        }
    }

    @Test(arguments: Backend.allCases)
    func anonymousPinsAreCappedAndAnAttestationFreesOne(_ backend: Backend) async throws {
        try await backend.with { store in
            let first = try await store.pin(claim(1, key: 1, maxAnonymousPins: 1))
            #expect(first == .held)
            #expect(try await store.pin(claim(2, key: 2, maxAnonymousPins: 1)) == .tooManyPins)
            #expect(try await store.pin(claim(1, key: 1, maxAnonymousPins: 1)) == .held)
            #expect(try await store.pin(claim(3, key: 3, org: "acme", maxAnonymousPins: 1)) == .held)
            #expect(try await store.pin(claim(1, key: 1, org: "acme", maxAnonymousPins: 1)) == .held)
            #expect(try await store.pin(claim(2, key: 2, maxAnonymousPins: 1)) == .held)
        }
    }

    @Test(arguments: Backend.durable)
    func pinsAndTheirNumberSurviveAReopen(_ backend: Backend) async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let first = try await backend.open(in: folder)
        _ = try await first.pin(claim(1, key: 1))
        _ = try await first.pin(claim(3, key: 3, org: ""))
        await first.close()
        let second = try await backend.open(in: folder)
        #expect(try await second.pin(claim(1, key: 2)) == .pinnedToAnotherKey)
        #expect(try await second.pin(claim(2, key: 2, maxAnonymousPins: 1)) == .tooManyPins)
        #expect(try await second.pin(claim(3, key: 3, org: "acme")) == .ownedByAnotherOrg)
        await second.close()
    }
}
