/// The bytes that signatures of the handshake are over (protocol section 5). Pure: no key is held here.
public enum SignedBytes {
    /// What an agent signs with `auth:bound`. Without that extension it signs the 32 challenge bytes.
    /// - Parameters:
    ///   - challenge: 32 bytes, as decoded from HELLO_ACK.
    ///   - nonce: 32 bytes, as decoded from HELLO.
    ///   - authority: "host:port" of the URL the agent dialled.
    public static func authentication(
        challenge: [UInt8],
        nonce: [UInt8],
        relayID: String,
        agentID: String,
        authority: String
    ) -> [UInt8] {
        join([
            Array("moltrelay-auth-v1".utf8), challenge, nonce, Array(relayID.utf8), Array(agentID.utf8),
            Array(authority.utf8),
        ])
    }

    /// What a relay signs to show who it is.
    public static func relayProof(nonce: [UInt8], challenge: [UInt8], relayID: String) -> [UInt8] {
        join([Array("moltrelay-relay-v1".utf8), nonce, challenge, Array(relayID.utf8)])
    }

    /// A length in 4 bytes, big-endian, before each string: no two lists of strings give the same bytes.
    private static func join(_ strings: [[UInt8]]) -> [UInt8] {
        strings.reduce(into: []) { joined, string in
            withUnsafeBytes(of: UInt32(string.count).bigEndian) { joined.append(contentsOf: $0) }
            joined.append(contentsOf: string)
        }
    }
}
