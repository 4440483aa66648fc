import Foundation
import Identity
import Testing
import WireProtocol

@testable import moltrelay

@Suite struct AttestTests {
    private func makeOrg(_ folder: String) throws -> String {
        let run = try Run.openssl("genpkey", "-algorithm", "ed25519", "-out", folder + "/org.key")
        try #require(run.status == 0)
        // openssl leaves the mode to its caller's umask before 3.2.
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: folder + "/org.key")
        return folder + "/org.key"
    }

    @Test func aRelayThatTrustsTheOrganisationBelievesIt() throws {
        try withTemporaryFolder { folder in
            let org = try makeOrg(folder)
            let agent = try Ed25519.PrivateKey.generate().publicKey
            let before = UInt64(Date().timeIntervalSince1970 * 1000)
            let run = try Run.moltrelay(
                "attest",
                "--org-key",
                org,
                "--org-id",
                "acme",
                "--agent-id",
                "agent:alice@acme",
                "--public-key",
                agent.text,
                "--valid-for",
                "12h",
                "--capability",
                "send",
                "--capability",
                "receive"
            )
            #expect(run.status == 0)
            let attestation = try OrgAttestation(json: Array(run.output.utf8))
            try attestation.verify(
                agentID: "agent:alice@acme",
                publicKey: agent,
                org: "acme",
                trustedOrgs: [TrustedOrg(name: "acme", publicKey: KeyFile.readPrivateKey(org).publicKey)],
                now: before,
                maxClockSkewMilliseconds: 300_000
            )
            #expect(attestation.capabilities == ["send", "receive"])
            #expect(attestation.issuedAt >= before)
            #expect(attestation.expiresAt == attestation.issuedAt + 12 * 3600 * 1000)
        }
    }

    /// The output is canonical, so that cutting the signature out of it leaves what was signed.
    @Test func openSSLVerifiesTheSignature() throws {
        try withTemporaryFolder { folder in
            let org = try makeOrg(folder)
            let out = folder + "/alice.json"
            let run = try Run.moltrelay(
                "attest",
                "--org-key",
                org,
                "--org-id",
                "acme",
                "--agent-id",
                "agent:alice@acme",
                "--public-key",
                Ed25519.PrivateKey.generate().publicKey.text,
                "--out",
                out
            )
            #expect(run.status == 0)
            #expect(run.output.isEmpty)
            let text = try contents(out)
            let signature = try OrgAttestation(json: Array(text.utf8)).orgSignature
            let member = #","org_signature":""# + Ed25519Text.encode(signature) + "\""
            let parts = text.dropLast().components(separatedBy: member)
            try #require(parts.count == 2)
            try save(parts.joined(), folder + "/signed")
            try Data(signature).write(to: URL(fileURLWithPath: folder + "/signature"))
            let verified = try Run.openssl(
                "pkeyutl",
                "-verify",
                "-inkey",
                org,
                "-rawin",
                "-in",
                folder + "/signed",
                "-sigfile",
                folder + "/signature"
            )
            #expect(verified.output == "Signature Verified Successfully\n")
        }
    }

    @Test func refusesToOverwrite() throws {
        try withTemporaryFolder { folder in
            let org = try makeOrg(folder)
            let out = folder + "/alice.json"
            try save("precious", out)
            let run = try Run.moltrelay(
                "attest",
                "--org-key",
                org,
                "--org-id",
                "acme",
                "--agent-id",
                "a",
                "--public-key",
                Ed25519.PrivateKey.generate().publicKey.text,
                "--out",
                out
            )
            #expect(run.status == 1)
            #expect(run.errors.contains("\(out) exists already"))
            #expect(try contents(out) == "precious")
        }
    }

    @Test func saysWhatIsWrong() throws {
        try withTemporaryFolder { folder in
            let org = try makeOrg(folder)
            func attest(key: String = org, agent: String, validFor: String = "1d") throws -> Run {
                try .moltrelay(
                    "attest",
                    "--org-key",
                    key,
                    "--org-id",
                    "acme",
                    "--agent-id",
                    "a",
                    "--public-key",
                    agent,
                    "--valid-for",
                    validFor
                )
            }
            let agent = try Ed25519.PrivateKey.generate().publicKey.text
            let missing = try attest(key: folder + "/absent", agent: agent)
            #expect(missing.status == 1)
            #expect(missing.errors.contains("\(folder)/absent: No such file or directory"))
            let text = try attest(agent: "alice")
            #expect(text.status == 64)
            #expect(text.errors.contains("ed25519:<base64 of 32 bytes>"))
            let weak = try attest(agent: "ed25519:" + Base64.encode([UInt8](repeating: 0, count: 32)))
            #expect(weak.status == 64)
            #expect(weak.errors.contains("small order"))
            #expect(try attest(agent: agent, validFor: "30").status == 64)
        }
    }

    @Test func readsDurations() {
        #expect(Span(argument: "90s")?.seconds == 90)
        #expect(Span(argument: "30m")?.seconds == 1800)
        #expect(Span(argument: "12h")?.seconds == 43_200)
        #expect(Span(argument: "30d")?.seconds == 2_592_000)
        for text in ["", "d", "30", "0d", "-1d", "1.5h", "1w", "30 d", "18446744073709551615s", "36526d"] {
            #expect(Span(argument: text) == nil, "\(text)")
        }
        #expect(Span(argument: "36525d") != nil)
    }
}
