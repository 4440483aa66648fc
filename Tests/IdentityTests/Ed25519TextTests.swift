import Identity
import Testing
import WireProtocol

/// Key of the seed 02 02 ... 02, its texts by Python: `cryptography` 48 for the key, `base64` and a base58btc of six
/// lines for the text.
@Suite struct Ed25519TextTests {
    static let base64 = "ed25519:gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q="
    static let base58 = "ed25519:9hSR6S7WPtxmTojgo6GG3k4yDPecgJY292j7xrsUGWBu"

    @Test func readsBothFormsAndWritesOne() throws {
        let key = try Ed25519.PrivateKey(seed: [UInt8](repeating: 2, count: 32)).publicKey
        #expect(try Ed25519.PublicKey(text: Self.base64) == key)
        #expect(try Ed25519.PublicKey(text: Self.base58) == key)
        #expect(key.text == Self.base64)
    }

    @Test func readsBase58WithLeadingZeroBytes() throws {
        // Python: b58(bytes([0, 0]) + bytes(range(1, 31)))
        let key = try Ed25519.PublicKey(text: "ed25519:11CiMQsCUhqABwwLyCFeX2iPnBZX3s28dUUCBrirhs")
        #expect(key.bytes == [0, 0] + Array(1...30))
    }

    @Test(arguments: [
        "", "ed25519:", "gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q=",
        "ED25519:gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q=",
        "ed25519:gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q",
        "ed25519: gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q=",
        "ed25519:gTl3Dqh9F19Wo1Rmw0x-zMuNipG07jeiXfYPW4_Js5Q=",
        "ed25519:0hSR6S7WPtxmTojgo6GG3k4yDPecgJY292j7xrsUGWBu",
        "ed25519:" + String(repeating: "z", count: 10_000),
    ])
    func refusesOtherTexts(_ text: String) {
        #expect(throws: Ed25519.KeyError.self) { try Ed25519.PublicKey(text: text) }
    }
}
