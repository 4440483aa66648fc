import Foundation
import Identity
import Testing

@Suite struct KeyFileTests {
    @Test func openSSLReadsWhatWeWriteAndVerifiesWhatWeSign() throws {
        try withTemporaryFolder { folder in
            let key = try Ed25519.PrivateKey.generate()
            try KeyFile.write(key.pem(), to: folder + "/key")
            try KeyFile.write(key.publicKey.pem(), to: folder + "/key.pub", mode: 0o644)
            #expect(try OpenSSLTool.run("pkey", "-in", folder + "/key", "-pubout") == key.publicKey.pem())
            try save(Array("message".utf8), folder + "/message")
            try save(key.sign(Array("message".utf8)), folder + "/signature")
            try OpenSSLTool.run(
                "pkeyutl",
                "-verify",
                "-pubin",
                "-inkey",
                folder + "/key.pub",
                "-rawin",
                "-in",
                folder + "/message",
                "-sigfile",
                folder + "/signature"
            )
        }
    }

    @Test func readsWhatOpenSSLWritesAndVerifiesWhatItSigns() throws {
        try withTemporaryFolder { folder in
            try OpenSSLTool.run("genpkey", "-algorithm", "ed25519", "-out", folder + "/key")
            try OpenSSLTool.run("pkey", "-in", folder + "/key", "-pubout", "-out", folder + "/key.pub")
            try save(Array("message".utf8), folder + "/message")
            try OpenSSLTool.run(
                "pkeyutl",
                "-sign",
                "-inkey",
                folder + "/key",
                "-rawin",
                "-in",
                folder + "/message",
                "-out",
                folder + "/signature"
            )
            let publicKey = try KeyFile.readPublicKey(folder + "/key.pub")
            #expect(try KeyFile.readPrivateKey(folder + "/key").publicKey == publicKey)
            let signature = try Data(contentsOf: URL(fileURLWithPath: folder + "/signature"))
            #expect(publicKey.verifies(Array(signature), of: Array("message".utf8)))
        }
    }

    @Test func aTokenIsOneWordOfSomeLengthThatOthersCannotRead() throws {
        try withTemporaryFolder { (folder: String) throws in
            func token(_ text: String, mode: UInt32 = 0o600) throws -> String {
                let path = folder + "/\(UUID().uuidString)"
                try KeyFile.write(Array(text.utf8), to: path, mode: mode)
                return try KeyFile.readToken(path)
            }
            #expect(try token("\n 0123456789abcdef\r\n") == "0123456789abcdef")
            for wrong in [
                "", "0123456789abcde", "01234567 89abcdef", "0123456789abcd\u{E9}f", "0123456789abcdef\u{7F}",
            ] {
                #expect(throws: KeyFile.Failure.self) { try token(wrong) }
            }
            #expect(throws: KeyFile.Failure.self) { try token("0123456789abcdef", mode: 0o644) }
        }
    }

    @Test func aPasswordIsWhatTheFileHoldsButItsLineEnd() throws {
        try withTemporaryFolder { (folder: String) throws in
            func password(_ bytes: [UInt8], mode: UInt32 = 0o600) throws -> String {
                let path = folder + "/\(UUID().uuidString)"
                try KeyFile.write(bytes, to: path, mode: mode)
                return try KeyFile.readPassword(path)
            }
            #expect(try password(Array(" two words\t".utf8)) == " two words\t")
            #expect(try password(Array("caf\u{E9}\r\n".utf8)) == "caf\u{E9}")
            #expect(try password(Array("a\n\n".utf8)) == "a\n")
            for wrong in [[], [0x0A], [0x61, 0], [0xFF]] as [[UInt8]] {
                #expect(throws: KeyFile.Failure.self) { try password(wrong) }
            }
            #expect(throws: KeyFile.Failure.self) { try password([0x61], mode: 0o644) }
        }
    }

    @Test func writesForTheOwnerOnlyAndNeverOverAnything() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/key"
            try KeyFile.write([1, 2, 3], to: path)
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            #expect(throws: KeyFile.Failure.exists(path: path)) { try KeyFile.write([4], to: path) }
            #expect(FileManager.default.contents(atPath: path) == Data([1, 2, 3]))

            let link = folder + "/link"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder + "/elsewhere")
            #expect(throws: KeyFile.Failure.exists(path: link)) { try KeyFile.write([4], to: link) }
            #expect(!FileManager.default.fileExists(atPath: folder + "/elsewhere"))
        }
    }

    @Test func saysWhyItCannotWrite() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/absent/key"
            #expect(throws: KeyFile.Failure.unwritable(path: path, reason: "No such file or directory")) {
                try KeyFile.write([1], to: path)
            }
        }
    }

    @Test func aPrivateKeyThatOthersCanReadIsRefusedWithTheWayOut() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/key"
            let pem = try Ed25519.PrivateKey.generate().pem()
            for mode in [0o604, 0o644, 0o660, 0o602, 0o666] {
                try save(pem, path, mode: mode)
                let failure = #expect(throws: KeyFile.Failure.exposed(path: path, mode: UInt16(mode))) {
                    try KeyFile.readPrivateKey(path)
                }
                #expect(failure?.description.contains("chmod 600 \(path)") == true)
            }
            try save(pem, path, mode: 0o400)
            #expect(throws: Never.self) { try KeyFile.readPrivateKey(path) }
        }
    }

    @Test func errorsNameTheFileAndWhatIsWrong() throws {
        try withTemporaryFolder { folder in
            let key = folder + "/key"
            #expect(throws: KeyFile.Failure.unreadable(path: key, reason: "No such file or directory")) {
                try KeyFile.readPrivateKey(key)
            }
            #expect(throws: KeyFile.Failure.unreadable(path: folder, reason: "not a regular file")) {
                try KeyFile.readPublicKey(folder)
            }
            try save([UInt8](repeating: 0x41, count: 70_000), key)
            #expect(reason(key)?.contains("too many") == true)
            try save([], key)
            #expect(reason(key)?.contains("-----BEGIN PRIVATE KEY-----") == true)
            try save(Ed25519.PrivateKey.generate().publicKey.pem(), key)
            #expect(reason(key)?.contains("-----BEGIN PRIVATE KEY-----") == true)
        }
    }

    @Test func tellsOtherKindsOfKeyApart() throws {
        try withTemporaryFolder { folder in
            let key = folder + "/key"
            try OpenSSLTool.run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
            #expect(reason(key) == Ed25519.KeyError.otherAlgorithm("EC").description)
            try OpenSSLTool.run("genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:secret", "-out", key)
            #expect(reason(key) == Ed25519.KeyError.encrypted.description)
        }
    }

    private func reason(_ path: String) -> String? {
        do {
            _ = try KeyFile.readPrivateKey(path)
            return nil
        } catch {
            guard case .notAKey(path, let reason) = error else { return nil }
            return reason
        }
    }
}
