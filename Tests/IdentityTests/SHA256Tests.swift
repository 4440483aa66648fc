import Identity
import LibCrypto
import Testing
import WireProtocol

@Suite struct SHA256Tests {
    /// FIPS 180-4, and Python's hashlib for the agent ids.
    @Test func hashesAsOthersDo() {
        #expect(
            Hex.encode(SHA256.hash(Array("abc".utf8)))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
        #expect(
            AgentHash(agentID: "agent:alice@acme").description
                == "sha256:4ca040dee5128aa1187f431e87795a0a86453a9ab611d693e75da76089648499"
        )
        #expect(
            AgentHash(agentID: "agent:zo\u{EB}").description
                == "sha256:11cdfbcc679fa88f35933cccb96796b2dece04792e9028296886d9fa870e1e83"
        )
        #expect(AgentHash(agentID: "agent:zo\u{EB}") != AgentHash(agentID: "agent:zoe\u{308}"))
    }

    @Test func randomBytesAreAsManyAsAskedForAndNeverTheSame() throws {
        let first = try SecureRandom.bytes(32)
        #expect(first.count == 32)
        #expect(try SecureRandom.bytes(32) != first)
        #expect(try SecureRandom.bytes(0).isEmpty)
    }
}
