import Testing
import WireProtocol

@Suite struct DocumentTests {
    private static let attestation = """
        {"expires_at":2, "x":[{"}":"\\"]"}], "type":"org_attestation","org_id":"o","agent_id":"a","public_key":\
        "ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","issued_at":1,"org_signature":"\(signature)"}
        """
    private static let signature = "ed25519:" + String(repeating: "A", count: 86) + "=="
    private static let key = "ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    private static let whole = "a whole number from 0 to 18446744073709551615"
    private static let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

    private static func roundTrip<D: Document>(_ document: D) throws {
        #expect(try D(json: document.json) == document)
    }

    private static func text(_ document: some Document) -> String { String(decoding: document.json, as: UTF8.self) }

    @Test func everyDocumentComesBack() throws {
        let proof = RelayProof(publicKey: [UInt8](repeating: 1, count: 32), signature: [UInt8](repeating: 2, count: 64))
        try Self.roundTrip(Wire.hello(extensions: ["batching", "x"]))
        try Self.roundTrip(helloAck(proof: nil))
        try Self.roundTrip(helloAck(proof: proof))
        try Self.roundTrip(Wire.auth(authority: "h:1"))
        try Self.roundTrip(
            AuthOK(
                sessionID: "s",
                sessionToken: "t",
                expires: 1,
                assignedStreams: [1, .max],
                config: AuthOK.Config(
                    maxFrameSize: 1,
                    maxStreams: 2,
                    keepaliveIntervalMilliseconds: 3,
                    queueStatus: Wire.grant.queueStatus
                )
            )
        )
        try Self.roundTrip(AuthFail(code: .keyPinned, message: "\"\\\n\u{1}é", retryAllowed: true))
        try Self.roundTrip(AuthFail(code: .rateLimited, message: "", retryAllowed: false, retryAfterMilliseconds: .max))
        try Self.roundTrip(Ack(messageIDs: [Wire.id, .random()], type: .processed, timestamp: 5))
        try Self.roundTrip(Ack(messageIDs: [], type: .queued, timestamp: nil))
        try Self.roundTrip(Nack(messageID: Wire.id, code: .expired, message: "m", retryAfterMilliseconds: 0))
        try Self.roundTrip(Ping(timestamp: .max, sequence: 0))
        try Self.roundTrip(Pong(answering: Ping(timestamp: 1, sequence: 2), serverTime: 3, load: 0.25))
        try Self.roundTrip(GoAway(message: "m", reconnectAfterMilliseconds: 1, alternateRelay: "wss://x"))
        try Self.roundTrip(ProtocolError(code: .refused, streamID: 7, message: "m", details: ["b": "2", "a": "1"]))
    }

    /// Found by fuzzing: JSONDecoder takes all of these. An attestation in them would not be seen.
    @Test func utf8AndNothingElse() throws {
        let ping = Ping(timestamp: 1, sequence: 2).json
        let wide = Self.widened(ping)
        let unread = Array(#"{"timestamp":1,"sequence":2,"unread":""#.utf8) + [0xFF] + Array(#""}"#.utf8)
        for bytes in [wide, [0] + wide.dropLast(), [0xFF, 0xFE] + wide, [0xEF, 0xBB, 0xBF] + ping, unread] {
            #expect(throws: DocumentError.notJSON) { try Ping(json: bytes) }
        }
        let attestation = Self.widened(Array(Self.attestation.utf8))
        #expect(throws: DocumentError.notJSON) { try OrgAttestation(json: attestation) }
    }

    /// ASCII in UTF-16, its low bytes first.
    private static func widened(_ ascii: [UInt8]) -> [UInt8] { ascii.flatMap { byte -> [UInt8] in [byte, 0] } }

    private func helloAck(proof: RelayProof?) -> HelloAck {
        HelloAck(
            extensions: ["batching"],
            challenge: TestAgent.challenge,
            serverTime: 1,
            relayID: "r",
            cluster: "c",
            proof: proof
        )
    }

    @Test func memberNamesAndOrder() {
        #expect(
            Self.text(Wire.hello(extensions: ["a"])) == """
                {"protocol_version":"0.1","extensions":["a"],"agent_id_hash":"sha256:\
                \(String(repeating: "a1", count: 32))","client_time":1700000000000,\
                "nonce":"Dg4ODg4ODg4ODg4ODg4ODg4ODg4ODg4ODg4ODg4ODg4="}
                """
        )
        #expect(
            Self.text(Nack(messageID: Wire.id, code: .queueFull, message: "full", retryAfterMilliseconds: 9)) == """
                {"message_id":"00112233-4455-6677-8899-aabbccddeeff","code":"QUEUE_FULL","message":"full",\
                "retry_after_ms":9}
                """
        )
        #expect(
            Self.text(ProtocolError(code: .refused, message: "a\u{7}", details: ["k\"": "v"])) == """
                {"code":7,"stream_id":null,"message":"a\\u0007","fatal":false,"details":{"k\\"":"v"}}
                """
        )
        #expect(
            Self.text(Ack(messageIDs: [Wire.id], type: .queued, timestamp: 1)) == """
                {"message_ids":["00112233-4455-6677-8899-aabbccddeeff"],"ack_type":"queued","timestamp":1}
                """
        )
    }

    private static let hello: [(name: String, value: String)] = [
        ("protocol_version", "\"0.1\""), ("agent_id_hash", "\"sha256:\(String(repeating: "0", count: 64))\""),
        ("client_time", "1"), ("nonce", "\"\(zeros)\""),
    ]
    private static let auth: [(name: String, value: String)] = [
        ("agent_id", "\"a\""), ("public_key", "\"\(key)\""), ("signature", "\"\(signature)\""),
    ]

    private static func object(_ members: [(name: String, value: String)]) -> [UInt8] {
        Array(("{" + members.map { "\"\($0.name)\": \($0.value)" }.joined(separator: " ,\n") + "}").utf8)
    }

    private static func expectErrors<D: Document>(_: D.Type, _ members: [(name: String, value: String)]) {
        #expect(throws: Never.self) { try D(json: object(members + [("unknown", "{\"a\":[1,null]}")])) }
        for index in members.indices {
            var changed = members
            changed[index].value = "{}"
            expectWrong(D.self, object(changed), member: members[index].name)
            changed[index].value = "-1.5"
            expectWrong(D.self, object(changed), member: members[index].name)
            changed.remove(at: index)
            #expect(throws: DocumentError.missing(member: members[index].name)) { try D(json: object(changed)) }
        }
    }

    private static func expectWrong<D: Document>(_: D.Type, _ json: [UInt8], member: String) {
        do {
            _ = try D(json: json)
            Issue.record("\(D.self) was read with a wrong \(member)")
        } catch {
            guard case .wrong(member, _) = error else {
                Issue.record("\(member): \(error)")
                return
            }
        }
    }

    @Test func everyRequiredMemberIsNamed() {
        Self.expectErrors(Hello.self, Self.hello)
        Self.expectErrors(Auth.self, Self.auth)
        Self.expectErrors(Ping.self, [("timestamp", "1"), ("sequence", "2")])
        Self.expectErrors(Pong.self, [("timestamp", "1"), ("sequence", "2")])
        Self.expectErrors(Nack.self, [("message_id", "\"\(Wire.id)\""), ("code", "\"x\""), ("message", "\"\"")])
        Self.expectErrors(Ack.self, [("message_ids", "[]"), ("ack_type", "\"received\"")])
        Self.expectErrors(GoAway.self, [("last_stream_id", "0"), ("error_code", "0"), ("message", "\"\"")])
        Self.expectErrors(ProtocolError.self, [("code", "1"), ("fatal", "true")])
        Self.expectErrors(
            HelloAck.self,
            [
                ("protocol_version", "\"\""), ("extensions", "[]"), ("challenge", "\"\(Self.zeros)\""),
                ("server_time", "1"), ("relay_id", "\"\""),
            ]
        )
        Self.expectErrors(AuthFail.self, [("code", "\"x\""), ("message", "\"\""), ("retry_allowed", "true")])
    }

    @Test(arguments: [
        ("", DocumentError.notJSON), ("{", .notJSON), ("{}x", .notJSON), ("\u{0}", .notJSON), ("[]", .notAnObject),
        ("null", .notAnObject), ("1", .notAnObject), ("{}", .missing(member: "timestamp")),
        (#"{"timestamp":1,"sequence":18446744073709551616}"#, .wrong(member: "sequence", expected: whole)),
        (#"{"timestamp":1700000000000.5,"sequence":1}"#, .wrong(member: "timestamp", expected: whole)),
        (#"{"timestamp":-1,"sequence":1}"#, .wrong(member: "timestamp", expected: whole)),
        (#"{"timestamp":"1","sequence":1}"#, .wrong(member: "timestamp", expected: "a whole number")),
        (#"{"timestamp":null,"sequence":1}"#, .wrong(member: "timestamp", expected: "a whole number")),
    ])
    func whatIsNoPing(json: String, expected: DocumentError) {
        #expect(throws: expected) { try Ping(json: Array(json.utf8)) }
    }

    @Test func nestedMembersAreNamedByPath() {
        let preferences = Self.object(Self.auth + [("preferences", "{\"max_queue_size\":true}")])
        #expect(throws: DocumentError.wrong(member: "preferences.max_queue_size", expected: "a whole number")) {
            try Auth(json: preferences)
        }
        let capabilities = Self.object(Self.auth + [("capabilities", "[\"a\",1]")])
        #expect(throws: DocumentError.wrong(member: "capabilities[1]", expected: "a string")) {
            try Auth(json: capabilities)
        }
        let ack = #"{"message_ids":["\#(Wire.id)","x"],"ack_type":"received"}"#
        #expect(throws: DocumentError.wrong(member: "message_ids[1]", expected: "a UUID")) {
            try Ack(json: Array(ack.utf8))
        }
    }

    @Test func attestationIsKeptAsWritten() throws {
        let json = Self.object(Self.auth + [("org_attestation", Self.attestation)])
        let auth = try Auth(json: json)
        let attestation = try #require(auth.orgAttestation)
        #expect(String(decoding: attestation.json, as: UTF8.self) == Self.attestation)
        #expect(attestation.orgID == "o")
        #expect(attestation.expiresAt == 2)
        #expect(try Auth(json: auth.json) == auth)
    }

    /// What a decoder would choose among two attestations must not matter.
    @Test func ofTwoAttestationsTheOneReadIsTheOneKept() throws {
        let second = Self.attestation.replacing("\"org_id\":\"o\"", with: "\"org_id\":\"other\"")
        let json = Self.object(Self.auth + [("org_attestation", Self.attestation), ("org_attestation", second)])
        let attestation = try #require(try Auth(json: json).orgAttestation)
        #expect(try OrgAttestation(json: attestation.json) == attestation)
        #expect(attestation.orgID == "o")
    }

    @Test func attestationErrorsNameTheirPath() throws {
        let short = Self.attestation.replacing("\"org_id\":\"o\",", with: "")
        #expect(throws: DocumentError.missing(member: "org_attestation.org_id")) {
            try Auth(json: Self.object(Self.auth + [("org_attestation", short)]))
        }
        let typed = Self.attestation.replacing("\"org_attestation\"", with: "\"agent\"")
        #expect(throws: DocumentError.wrong(member: "org_attestation.type", expected: "\"org_attestation\"")) {
            try Auth(json: Self.object(Self.auth + [("org_attestation", typed)]))
        }
        #expect(throws: DocumentError.wrong(member: "org_attestation", expected: "an object")) {
            try Auth(json: Self.object(Self.auth + [("org_attestation", "[1]")]))
        }
        #expect(try Auth(json: Self.object(Self.auth + [("org_attestation", "null")])).orgAttestation == nil)
    }

    @Test func binaryAckOfAWrongLength() {
        #expect(throws: DocumentError.binary(expected: "at least 3 bytes")) { try Ack(binary: [1, 0]) }
        #expect(throws: DocumentError.binary(expected: "of type 0, 1 or 2")) { try Ack(binary: [3, 0, 0]) }
        let tail = [UInt8](repeating: 0, count: 15)
        #expect(throws: DocumentError.binary(expected: "as long as its count says")) {
            try Ack(binary: [1, 0, 1] + tail)
        }
        #expect(throws: DocumentError.binary(expected: "as long as its count says")) {
            try Ack(binary: [1, 255, 255] + tail)
        }
    }

    /// Forms of one ACK that the short reader leaves to the decoder, and that it takes itself.
    @Test(arguments: [
        #"{"message_ids":["ID"],"ack_type":"received","timestamp":1}"#,
        #" { "timestamp" : 1 , "ack_type" : "received" , "message_ids" : [ "ID" ] } "#,
        #"{"message_ids":["ID"],"ack_type":"rece\u0069ved","timestamp":1}"#,
        #"{"message_ids":["ID"],"ack_type":"received","timestamp":1.0,"more":{"a":"}"}}"#,
    ])
    func ackInManyForms(json: String) throws {
        let expected = Ack(messageIDs: [Wire.id], type: .received, timestamp: 1)
        #expect(try Ack(json: Array(json.replacing("ID", with: Wire.id.description).utf8)) == expected)
    }

    @Test(arguments: [
        #"{"message_ids":["ID",,],"ack_type":"received"}"#, #"{"message_ids":["ID"],"ack_type":"received"} x"#,
        #"{"message_ids":["ID"],"ack_type":"received","timestamp":01}"#, #"{"message_ids":["ID"],"ack_type":"seen"}"#,
        #"{"message_ids":["ID"],"ack_type":"received","timestamp":99999999999999999999}"#, #"{"message_ids":["ID"#,
    ])
    func whatIsNoAck(json: String) {
        #expect(throws: DocumentError.self) {
            try Ack(json: Array(json.replacing("ID", with: Wire.id.description).utf8))
        }
    }

    @Test func loadIsBetweenZeroAndOne() {
        let ping = Ping(timestamp: 1, sequence: 1)
        for (load, expected) in [(-1, 0), (2, 1), (.nan, 0), (.infinity, 1), (0.5, 0.5)] as [(Double, Double)] {
            #expect(Pong(answering: ping, load: load).load == expected)
        }
    }

    @Test func extensionsInTheAgentsOrder() {
        let offered = ["x", "trace-context", "batching", "compression", "batching", "ack:binary", "Batching"]
        #expect(Extension.negotiate(offered: offered) == [.traceContext, .batching, .zstd, .binaryAck])
        #expect(Extension.negotiate(offered: []) == [])
    }
}
