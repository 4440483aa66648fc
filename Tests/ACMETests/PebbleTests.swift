import CertificateFixture
import Foundation
import NIOCore
import NIOPosix
import PebbleFixture
import RelayTLS
import Synchronization
import Testing

@testable import ACME

/// Orders at a real authority, which looks for proofs by tls-alpn-01.
@Suite(.serialized) struct PebbleTests {
    private static let domains = ["relay.example.test", "other.example.test"]
    private let place: Pebble.Place
    private let folder: CertificateFolder
    private let loop = MultiThreadedEventLoopGroup.singleton.next()

    init() throws {
        place = try Pebble.Place()
        folder = CertificateFolder(in: place.authority.path("state"), authority: "localhost:\(place.acme)")
    }

    private static let now: @Sendable () -> Int64 = { Int64(Date.now.timeIntervalSince1970) }

    private func obtain(
        _ directory: String? = nil,
        listener: ProofListener,
        proved: @escaping @Sendable (Proof) -> Void = { _ in }
    ) async throws -> Issued {
        let issuer = Issuer(
            on: loop,
            tls: try TLSClient(authorities: place.authority.file),
            userAgent: "moltrelay-tests",
            now: Self.now
        )
        let terms = OrderTerms(
            directory: directory ?? place.directory,
            contact: "admin@example.test",
            domains: Self.domains,
            challenge: .tlsALPN01
        )
        defer { listener.tls.endProofs() }
        return try await issuer.obtain(terms, account: folder.accountKey()) { proof in
            proved(proof)
            try listener.tls.prove(proof.domain, keyAuthorization: proof.keyAuthorization)
        }
    }

    private func listen() async throws -> ProofListener { try await ProofListener(port: place.tls, on: loop) }

    @Test func issuesThoughHalfTheNoncesAreRefused() async throws {
        var behaviour = Pebble.Behaviour()
        behaviour.refusedNonces = 50
        let pebble = try Pebble(at: place, behaviour)
        let listener = try await listen()
        let issued = try await obtain(listener: listener)
        try folder.install(issued, for: Self.domains, now: Self.now())
        let certificate = try ServerCertificate(folder.files, now: Self.now())
        #expect(Set(certificate.names) == Set(Self.domains))
        try Data(pebble.root().utf8).write(to: URL(filePath: place.authority.path("root.pem")))
        try place.authority.openssl([
            "verify", "-CAfile", place.authority.path("root.pem"), "-untrusted", folder.files.certificate,
            folder.files.certificate,
        ])
        for file in [folder.accountFile, folder.files.certificate] {
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
        try await listener.close()
    }

    @Test func keepsItsAccountAndIsKnownByIt() async throws {
        let first = try folder.accountKey().thumbprint
        #expect(try folder.accountKey().thumbprint == first)
        let pebble = try Pebble(at: place)
        let listener = try await listen()
        let certificates = [try await obtain(listener: listener).chain, try await obtain(listener: listener).chain]
        #expect(certificates[0] != certificates[1])
        try await listener.close()
        withExtendedLifetime(pebble) {}
    }

    /// What still holds is not proved again; what its holder took back is.
    @Test func provesAgainWhatWasTakenBack() async throws {
        var behaviour = Pebble.Behaviour()
        behaviour.reusedAuthorizations = 100
        let pebble = try Pebble(at: place, behaviour)
        let listener = try await listen()
        let proved = Mutex<[String]>([])
        let note: @Sendable (Proof) -> Void = { proof in proved.withLock { $0.append(proof.domain) } }
        _ = try await obtain(listener: listener, proved: note)
        #expect(Set(proved.withLock { $0 }) == Set(Self.domains))
        _ = try await obtain(listener: listener, proved: note)
        #expect(proved.withLock { $0.count } == 2, "they hold")
        let account = try await PebbleAccount(at: place, keyFile: folder.accountFile)
        #expect(try await account.deactivateAuthorizations() == 2)
        let issued = try await obtain(listener: listener, proved: note)
        #expect(proved.withLock { Set($0.suffix(2)) == Set(Self.domains) && $0.count == 4 })
        try folder.install(issued, for: Self.domains, now: Self.now())
        await account.close()
        try await listener.close()
        withExtendedLifetime(pebble) {}
    }

    @Test func saysThatTheAccountIsNoMore() async throws {
        let pebble = try Pebble(at: place)
        let listener = try await listen()
        _ = try await obtain(listener: listener)
        let account = try await PebbleAccount(at: place, keyFile: folder.accountFile)
        try await account.deactivate()
        let failure = await #expect(throws: OrderFailure.self) { try await obtain(listener: listener) }
        #expect(failure?.cause == .refused, "\(failure as Any)")
        #expect(failure?.description.contains("deactivated") == true, "\(failure as Any)")
        await account.close()
        try await listener.close()
        withExtendedLifetime(pebble) {}
    }

    @Test func saysWhyAProofWasNotFound() async throws {
        let pebble = try Pebble(at: place)
        let listener = try await ProofListener(port: 0, on: loop)
        let failure = await #expect(throws: OrderFailure.self) { try await obtain(listener: listener) }
        #expect(failure?.cause == .validation)
        #expect(failure?.description.hasPrefix("the authorization for ") == true)
        try await listener.close()
        withExtendedLifetime(pebble) {}
    }

    @Test func installsNothingThatCannotServe() async throws {
        let key = try P256Key.generate()
        let other = try place.authority.issue("other", names: ["DNS:relay.example.test"])
        let chain = Array(try Data(contentsOf: URL(filePath: other.certificate)))
        let wrongKey = #expect(throws: OrderFailure.self) {
            try folder.install(Issued(key: key, chain: chain), for: Self.domains, now: Self.now())
        }
        #expect(wrongKey?.description.contains("the key does not belong to the certificate") == true)
        let its = try P256Key(pem: Array(Data(contentsOf: URL(filePath: other.key))))
        let lacking = #expect(throws: OrderFailure.self) {
            try folder.install(Issued(key: its, chain: chain), for: Self.domains, now: Self.now())
        }
        #expect(lacking?.description == "the certificate lacks other.example.test")
        #expect(!FileManager.default.fileExists(atPath: folder.files.certificate))
        #expect(throws: Never.self) { try folder.install(Issued(key: its, chain: chain), for: [], now: Self.now()) }
    }

    @Test func anAuthorityThatIsAwayIsSaidToBe() async throws {
        let listener = try await ProofListener(port: 0, on: loop)
        let failure = await #expect(throws: OrderFailure.self) { try await obtain(listener: listener) }
        #expect(failure?.cause == .unreachable)
        #expect(failure?.description.contains("Connection refused") == true, "\(String(describing: failure))")
        try await listener.close()
    }

    @Test func neverReplacesAnAccountThatCannotBeRead() throws {
        _ = try folder.accountKey()
        try Data("damaged".utf8).write(to: URL(filePath: folder.accountFile))
        let failure = #expect(throws: OrderFailure.self) { try folder.accountKey() }
        #expect(failure?.description.contains(folder.accountFile) == true)
        #expect(try Data(contentsOf: URL(filePath: folder.accountFile)) == Data("damaged".utf8))
    }
}
