import Testing

@testable import WireProtocol

/// Frames and whole handshakes with bytes changed, at every state; 200,000 of them. The seed of a run that fails is the
/// argument of its test case.
@Suite struct FuzzTests {
    @Test(arguments: UInt64(1)...40) func fiveThousandFrames(seed: UInt64) {
        var fuzz = SessionFuzz(seed: seed)
        fuzz.run(mutations: 5_000)
        #expect(fuzz.messagesTaken > 300, "the loop hardly reached an open session")
        #expect(fuzz.sessionsEnded > 600, "the loop hardly broke anything")
        #expect(fuzz.attempts > 100, "the loop hardly got a HELLO through")
    }

    /// JSON cut and changed at random is read or refused; the scanner under it never leaves its array.
    @Test func twentyThousandDocuments() throws {
        var random = SplitMix64(state: 7)
        let attestation = Array(#"{"org_attestation": {"a":"\"}","b":[1,{"c":null}]} , "agent_id":"\\"}"#.utf8)
        let acknowledgement = Ack(messageIDs: [Wire.id], type: .received, timestamp: 1).json
        for _ in 0..<20_000 {
            var json = Bool.random(using: &random) ? attestation : acknowledgement
            Mutation.edit(&json, &random)
            _ = JSONMember.value(of: "org_attestation", in: json)
            var reader = AckReader(json: json)
            guard let short = reader.read() else { continue }
            #expect(try Ack.decoded(from: json) == short)
        }
    }
}
