import Identity
import Testing
import WireProtocol

@Suite struct RelayIdentityTests {
    private let proof = SignedBytes.relayProof(
        nonce: Handshake.nonce,
        challenge: Handshake.challenge,
        relayID: Handshake.relayID
    )

    @Test func provesItselfAsAnotherImplementationDoes() throws {
        let identity = RelayIdentity(relayID: Handshake.relayID, key: try Handshake.agentKey())
        let signature = try #require(try identity.sign(proof))
        #expect(Ed25519Text.encode(signature) == Handshake.relayProof)
        #expect(identity.publicKey?.text == Handshake.agentKeyText)
    }

    @Test func withoutAKeyItProvesNothing() throws {
        let identity = try RelayIdentity(relayID: Handshake.relayID, privateKeyFile: nil)
        #expect(identity.publicKey == nil)
        #expect(try identity.sign(proof) == nil)
    }

    @Test func readsItsKeyFromTheFile() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/relay.key"
            #expect(throws: KeyFile.Failure.unreadable(path: path, reason: "No such file or directory")) {
                try RelayIdentity(relayID: Handshake.relayID, privateKeyFile: path)
            }
            try KeyFile.write(Handshake.agentKey().pem(), to: path)
            let identity = try RelayIdentity(relayID: Handshake.relayID, privateKeyFile: path)
            #expect(identity.publicKey?.text == Handshake.agentKeyText)
        }
    }
}
