import Identity
import Testing

@testable import WireProtocol

@Suite struct AuthenticatorTests {
    private let agent = AgentHash(agentID: Handshake.agentID)

    private func policy(
        requireAuth: Bool = true,
        allowAnonymous: Bool = true,
        names: AcceptedAuthorities = .names(["relay.example.com"]),
        failures: Int = 0
    ) throws -> AuthPolicy {
        AuthPolicy(
            requireAuth: requireAuth,
            allowAnonymous: allowAnonymous,
            trustedOrgs: try Handshake.trustedOrgs(),
            authorities: names,
            failedAuthPerAgentPerHour: failures
        )
    }

    private func verdict(
        _ attempt: AuthAttempt,
        _ policy: AuthPolicy,
        wallClock: UInt64 = Handshake.now
    ) -> AuthVerdict {
        Authenticator(policy: policy)
            .verdict(on: attempt, clientAddress: "192.0.2.1", wallClock: wallClock, monotonic: 0)
    }

    private func code(_ verdict: AuthVerdict) -> AuthFailCode? {
        guard case .rejected(let failure) = verdict else { return nil }
        return failure.knownCode
    }

    private func claim(org: String? = nil) -> AuthVerdict {
        .accepted(AuthClaim(agent: agent, publicKey: Ed25519Text.key(Handshake.agentKeyText), org: org))
    }

    @Test func acceptsASignatureOverTheChallenge() throws {
        #expect(try verdict(Handshake.attempt(), policy()) == claim())
    }

    @Test func aSignatureThatLetSomebodyInBeforeIsAReplayUnderAnotherChallenge() throws {
        let authenticator = Authenticator(policy: try policy())
        func judge(_ attempt: AuthAttempt) -> AuthVerdict {
            authenticator.verdict(on: attempt, clientAddress: "192.0.2.1", wallClock: Handshake.now, monotonic: 0)
        }
        let first = try Handshake.attempt()
        var again = first
        again.challenge = [UInt8](repeating: 1, count: HelloAck.challengeByteCount)
        #expect(code(judge(again)) == .signatureInvalid, "nobody came with it before")
        #expect(judge(first) == claim())
        guard case .replayed(let failure) = judge(again) else {
            Issue.record("not seen as a replay")
            return
        }
        #expect(failure.knownCode == .signatureInvalid, "the agent hears what everybody hears")
        again.auth.signature[0] ^= 1
        #expect(code(judge(again)) == .signatureInvalid)
    }

    @Test func acceptsASignatureOverTheBoundBytes() throws {
        #expect(try verdict(Handshake.attempt(bound: true), policy()) == claim())
    }

    @Test func acceptsAnAttestedAgentWithItsOrganisation() throws {
        let attempt = try Handshake.attempt(bound: true, attestation: Handshake.attestation)
        #expect(try verdict(attempt, policy()) == claim(org: "acme"))
        #expect(try verdict(attempt, policy(allowAnonymous: false)) == claim(org: "acme"))
    }

    @Test func anIdMustHashToTheOneOfHELLO() throws {
        var attempt = try Handshake.attempt()
        attempt.auth.agentID = "agent:bob@acme"
        #expect(code(verdict(attempt, try policy())) == .agentMismatch)
        #expect(code(verdict(attempt, try policy(requireAuth: false))) == .agentMismatch)
    }

    @Test func aSignatureIsGoodForOneChallengeNonceRelayAgentAndAuthority() throws {
        let policy = try policy(names: .any)
        for bound in [false, true] {
            var attempt = try Handshake.attempt(bound: bound)
            attempt.challenge[31] ^= 1
            #expect(code(verdict(attempt, policy)) == .signatureInvalid)
        }
        let good = try Handshake.attempt(bound: true)
        var attempt = good
        attempt.hello.nonce[0] ^= 1
        #expect(code(verdict(attempt, policy)) == .signatureInvalid)
        attempt = good
        attempt.relayID = "relay-prod-02"
        #expect(code(verdict(attempt, policy)) == .signatureInvalid)
        attempt = good
        attempt.auth.authority = "relay.example.com:443"
        #expect(code(verdict(attempt, policy)) == .signatureInvalid)
        attempt = good
        attempt.auth.agentID = "agent:bob@acme"
        attempt.hello.agentIDHash = AgentHash(agentID: "agent:bob@acme")
        #expect(code(verdict(attempt, policy)) == .signatureInvalid)
    }

    @Test func theTwoFormsOfSignedBytesAreNotInterchangeable() throws {
        var unbound = try Handshake.attempt(bound: true)
        unbound.extensions = []
        #expect(code(verdict(unbound, try policy())) == .signatureInvalid)
        var bound = try Handshake.attempt()
        bound.extensions = [.boundAuth]
        bound.auth.authority = Handshake.authority
        #expect(code(verdict(bound, try policy())) == .signatureInvalid)
        bound.auth.authority = nil
        #expect(code(verdict(bound, try policy())) == .signatureInvalid)
    }

    @Test func anotherRelaysNameIsRefused() throws {
        let attempt = try Handshake.attempt(bound: true)
        let verdict = verdict(attempt, try policy(names: .names(["other.example.com"])))
        #expect(code(verdict) == .signatureInvalid)
        guard case .rejected(let failure) = verdict else { return }
        #expect(failure.message.contains("server.public_names"))
    }

    @Test func aKeyOfSmallOrderIsRefusedBeforeItVerifiesAnything() throws {
        var attempt = try Handshake.attempt()
        attempt.auth.publicKey = [1] + [UInt8](repeating: 0, count: 31)
        attempt.auth.signature = [1] + [UInt8](repeating: 0, count: 63)
        #expect(code(verdict(attempt, try policy())) == .signatureInvalid)
    }

    @Test func aClockMayBeFiveMinutesOff() throws {
        let attempt = try Handshake.attempt()
        for offset: Int64 in [-300_000, 300_000] {
            let wallClock = UInt64(Int64(Handshake.now) + offset)
            #expect(try verdict(attempt, policy(), wallClock: wallClock) == claim())
        }
        for offset: Int64 in [-300_001, 300_001] {
            let wallClock = UInt64(Int64(Handshake.now) + offset)
            #expect(code(verdict(attempt, try policy(), wallClock: wallClock)) == .clockSkew)
        }
        var absurd = attempt
        absurd.hello.clientTime = .max
        #expect(code(verdict(absurd, try policy())) == .clockSkew)
    }

    @Test func withoutAnonymousAgentsAnAttestationIsAskedFor() throws {
        let verdict = verdict(try Handshake.attempt(), try policy(allowAnonymous: false))
        #expect(verdict == .rejected(.attestationRequired))
        #expect(code(verdict) == .orgUntrusted)
    }

    @Test(arguments: [true, false]) func anAttestationThatCameMustHold(_ allowAnonymous: Bool) throws {
        let attempt = try Handshake.attempt(attestation: Handshake.attestation)
        var policy = try policy(allowAnonymous: allowAnonymous)
        var changed = attempt
        changed.auth.org = "other"
        #expect(code(verdict(changed, policy)) == .attestationInvalid)

        policy.trustedOrgs = []
        #expect(code(verdict(attempt, policy)) == .orgUntrusted)
    }

    @Test func anExpiredAttestationHasACodeOfItsOwn() throws {
        var attempt = try Handshake.attempt(attestation: Handshake.attestation)
        attempt.hello.clientTime = 1_760_000_000_000
        #expect(code(verdict(attempt, try policy(), wallClock: 1_760_000_000_000)) == .attestationExpired)
    }

    @Test func developmentLetsAnybodyInAndPinsNothing() throws {
        var attempt = try Handshake.attempt(bound: true)
        attempt.auth.signature = [UInt8](repeating: 0, count: 64)
        attempt.hello.clientTime = 0
        let accepted = AuthVerdict.accepted(AuthClaim(agent: agent, publicKey: nil, org: nil))
        #expect(try verdict(attempt, policy(requireAuth: false, allowAnonymous: false, names: .names([]))) == accepted)
    }

    @Test func failuresAreLimitedPerAgentAndAddress() throws {
        let authenticator = Authenticator(policy: try policy(failures: 3))
        var bad = try Handshake.attempt()
        bad.auth.signature[0] ^= 1
        let good = try Handshake.attempt()
        func attempt(_ attempt: AuthAttempt, from address: String, at monotonic: UInt64) -> AuthVerdict {
            authenticator.verdict(
                on: attempt,
                clientAddress: address,
                wallClock: Handshake.now,
                monotonic: monotonic
            )
        }
        for _ in 0..<3 { #expect(code(attempt(bad, from: "192.0.2.1", at: 0)) == .signatureInvalid) }
        let limited = attempt(good, from: "192.0.2.1", at: 0)
        #expect(code(limited) == .rateLimited)
        guard case .rejected(let failure) = limited else { return }
        #expect(failure.retryAllowed)
        #expect(failure.retryAfterMilliseconds == 1_200_000)
        #expect(attempt(good, from: "192.0.2.2", at: 0) == claim())
        #expect(attempt(good, from: "192.0.2.1", at: 1_200_000_000_000) == claim())
        #expect(authenticator.untrackedFailures == 0)
    }

    @Test func whatTheCallerRefusesCountsToo() throws {
        let authenticator = Authenticator(policy: try policy(failures: 1))
        authenticator.countFailure(of: agent, clientAddress: "192.0.2.1", monotonic: 0)
        let verdict = authenticator.verdict(
            on: try Handshake.attempt(),
            clientAddress: "192.0.2.1",
            wallClock: Handshake.now,
            monotonic: 0
        )
        #expect(code(verdict) == .rateLimited)
    }

    @Test func aReloadChangesThePolicy() throws {
        let authenticator = Authenticator(policy: try policy(allowAnonymous: false))
        authenticator.update(try policy(allowAnonymous: true))
        let verdict = authenticator.verdict(
            on: try Handshake.attempt(),
            clientAddress: "192.0.2.1",
            wallClock: Handshake.now,
            monotonic: 0
        )
        #expect(verdict == claim())
    }

    /// The codes that only the caller can know of have their texts here.
    @Test func everyCodeHasAText() {
        #expect(AuthFail.keyPinned.knownCode == .keyPinned)
        #expect(AuthFail.ownedByAnotherOrg.knownCode == .keyPinned)
        #expect(AuthFail.tooManyPins.knownCode == .orgUntrusted)
        #expect(AuthFail.tooManyConnections(limit: 5).knownCode == .tooManyConnections)
        #expect(AuthFail.tooManyConnections(limit: 5).message.contains("5 connections"))
    }
}
