import Identity
import Testing
import WireProtocol

@Suite struct Ed25519Tests {
    struct Vector: Sendable {
        let seed, publicKey, message, signature: String
    }

    /// RFC 8032 section 7.1: tests 1, 2, 3 and SHA(abc).
    static let vectors = [
        Vector(
            seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            message: "",
            signature: "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
                + "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
        Vector(
            seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            message: "72",
            signature: "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
        Vector(
            seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            message: "af82",
            signature: "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                + "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
        Vector(
            seed: "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
            publicKey: "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
            message: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            signature: "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
                + "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
        ),
    ]

    @Test(arguments: vectors) func signsAndVerifiesTheVectorsOfTheRFC(_ vector: Vector) throws {
        let key = try Ed25519.PrivateKey(seed: bytes(vector.seed))
        #expect(key.publicKey.bytes == bytes(vector.publicKey))
        #expect(try key.sign(bytes(vector.message)) == bytes(vector.signature))
        #expect(key.publicKey.verifies(bytes(vector.signature), of: bytes(vector.message)))
    }

    @Test func refusesAnythingChanged() throws {
        let key = try Ed25519.PrivateKey.generate()
        let message = Array("a message".utf8)
        let signature = try key.sign(message)
        for index in signature.indices {
            var changed = signature
            changed[index] ^= 1
            #expect(!key.publicKey.verifies(changed, of: message), "byte \(index) of the signature")
        }
        #expect(!key.publicKey.verifies(signature, of: message + [0]))
        #expect(!key.publicKey.verifies(Array(signature.dropLast()), of: message))
        #expect(!key.publicKey.verifies(signature + [0], of: message))
        #expect(!key.publicKey.verifies([], of: message))
        #expect(try !Ed25519.PrivateKey.generate().publicKey.verifies(signature, of: message))
    }

    /// S + L satisfies the same equation. RFC 8032 section 5.1.7 wants S below L.
    @Test func refusesTheSecondSignatureThatAnybodyCanMakeOfAFirst() throws {
        let key = try Ed25519.PrivateKey.generate()
        let signature = try key.sign([1, 2, 3])
        let order = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        var malleable = signature
        var carry = 0
        for index in 0..<32 {
            carry += Int(malleable[32 + index]) + Int(order[index])
            malleable[32 + index] = UInt8(truncatingIfNeeded: carry)
            carry >>= 8
        }
        #expect(carry == 0)
        #expect(!key.publicKey.verifies(malleable, of: [1, 2, 3]))
    }

    /// All eight, computed from the curve equation in Python: L times any point, and its multiples.
    static let smallOrder = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ]

    @Test(arguments: smallOrder) func refusesKeysOfSmallOrder(_ key: String) {
        #expect(throws: Ed25519.KeyError.smallOrder) { try Ed25519.PublicKey(bytes: bytes(key)) }
    }

    @Test(arguments: ["ed", "ee", "ef", "ff"], ["7f", "ff"])
    func refusesKeysInASecondEncoding(_ first: String, _ last: String) {
        let key = first + String(repeating: "ff", count: 30) + last
        #expect(throws: Ed25519.KeyError.notCanonical) { try Ed25519.PublicKey(bytes: bytes(key)) }
    }

    /// The neutral point as a key, and (neutral point, 0) as a signature: it verifies over every message, which is why
    /// libcrypto's word on such a key is not enough.
    @Test func refusesInPEMWhatOpenSSLWouldVerifyAnythingWith() throws {
        try withTemporaryFolder { folder in
            let neutral = [1] + [UInt8](repeating: 0, count: 31)
            try save(bytes("302a300506032b6570032100") + neutral, folder + "/key.der")
            try save(neutral + [UInt8](repeating: 0, count: 32), folder + "/signature")
            try save(Array("anything at all".utf8), folder + "/message")
            let pem = try OpenSSLTool.run("pkey", "-pubin", "-inform", "DER", "-in", folder + "/key.der")
            try OpenSSLTool.run(
                "pkeyutl",
                "-verify",
                "-pubin",
                "-keyform",
                "DER",
                "-inkey",
                folder + "/key.der",
                "-rawin",
                "-in",
                folder + "/message",
                "-sigfile",
                folder + "/signature"
            )
            #expect(throws: Ed25519.KeyError.smallOrder) { try Ed25519.PublicKey(pem: pem) }
        }
    }

    /// y = 2 is on no point of the curve. libcrypto makes a key of it that verifies nothing.
    @Test func aKeyOffTheCurveVerifiesNothing() throws {
        let key = try Ed25519.PublicKey(bytes: [2] + [UInt8](repeating: 0, count: 31))
        #expect(!key.verifies([1] + [UInt8](repeating: 0, count: 63), of: []))
    }

    @Test func refusesOtherLengths() {
        #expect(throws: Ed25519.KeyError.length(31)) { try Ed25519.PublicKey(bytes: [UInt8](repeating: 3, count: 31)) }
        #expect(throws: Ed25519.KeyError.length(33)) { try Ed25519.PublicKey(bytes: [UInt8](repeating: 3, count: 33)) }
        #expect(throws: Ed25519.KeyError.length(0)) { try Ed25519.PrivateKey(seed: []) }
    }
}

func bytes(_ hex: String) -> [UInt8] { Hex.decode(hex[...]) ?? [] }
