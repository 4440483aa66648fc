import Foundation
import Identity
import Testing

@Suite struct KeygenTests {
    @Test func writesAKeyThatOpenSSLReadsAndPrintsItsPublicHalf() throws {
        try withTemporaryFolder { folder in
            let key = folder + "/agent.key"
            let run = try Run.moltrelay("keygen", "--out", key, "--agent-id", "agent:alice@acme")
            #expect(run.status == 0)
            #expect(run.errors.isEmpty)
            let lines = run.output.split(separator: "\n").map(String.init)
            try #require(lines.count == 2)
            let pem = try Run.openssl("pkey", "-in", key, "-pubout")
            #expect(pem.status == 0)
            #expect(try Ed25519.PublicKey(pem: Array(pem.output.utf8)).text == lines[0])
            #expect(lines[1] == "sha256:4ca040dee5128aa1187f431e87795a0a86453a9ab611d693e75da76089648499")
            let attributes = try FileManager.default.attributesOfItem(atPath: key)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test func twoKeysDiffer() throws {
        let first = try Run.moltrelay("keygen", "--out", "-")
        #expect(try Run.moltrelay("keygen", "--out", "-").output != first.output)
    }

    @Test func refusesToOverwrite() throws {
        try withTemporaryFolder { folder in
            let key = folder + "/agent.key"
            try save("precious", key)
            let run = try Run.moltrelay("keygen", "--out", key)
            #expect(run.status == 1)
            #expect(run.output.isEmpty)
            #expect(run.errors == "Error: \(KeyFile.Failure.exists(path: key))\n")
            #expect(try contents(key) == "precious")
        }
    }

    @Test func standardOutputHoldsThePEMAlone() throws {
        try withTemporaryFolder { folder in
            let run = try Run.moltrelay("keygen", "--out", "-")
            #expect(run.status == 0)
            try save(run.output, folder + "/key")
            let pem = try Run.openssl("pkey", "-in", folder + "/key", "-pubout")
            #expect(pem.status == 0)
            #expect(try Ed25519.PublicKey(pem: Array(pem.output.utf8)).text + "\n" == run.errors)
        }
    }

    @Test func writesThePublicKeyForOpenSSLToVerifyWith() throws {
        try withTemporaryFolder { folder in
            let (key, publicKey) = (folder + "/org.key", folder + "/org.pub")
            #expect(try Run.moltrelay("keygen", "--out", key, "--public-out", publicKey).status == 0)
            try save("message", folder + "/message")
            let signature = folder + "/signature"
            let signed = try Run.openssl(
                "pkeyutl",
                "-sign",
                "-inkey",
                key,
                "-rawin",
                "-in",
                folder + "/message",
                "-out",
                signature
            )
            #expect(signed.status == 0)
            let verified = try Run.openssl(
                "pkeyutl",
                "-verify",
                "-pubin",
                "-inkey",
                publicKey,
                "-rawin",
                "-in",
                folder + "/message",
                "-sigfile",
                signature
            )
            #expect(verified.output == "Signature Verified Successfully\n")
        }
    }

    @Test func leavesNoHalfOfAPair() throws {
        try withTemporaryFolder { folder in
            let (key, publicKey) = (folder + "/org.key", folder + "/org.pub")
            try save("precious", publicKey)
            #expect(try Run.moltrelay("keygen", "--out", key, "--public-out", publicKey).status == 1)
            #expect(!FileManager.default.fileExists(atPath: key))
            #expect(try contents(publicKey) == "precious")
        }
    }

    @Test func asksForAFile() throws { #expect(try Run.moltrelay("keygen").status == 64) }
}
