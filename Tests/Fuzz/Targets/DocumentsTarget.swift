import Identity

@testable import WireProtocol

/// The documents of the protocol: what is read is UTF-8, what is written is JSON and read again as the same, and what
/// is not read is refused in a few words.
enum DocumentsTarget {
    static func run(_ input: [UInt8]) {
        var script = Script(input)
        let kind = script.byte() % 14
        let payload = script.rest()
        switch kind {
        case 0: read(Hello.self, payload)
        case 1: read(HelloAck.self, payload)
        case 2: readAuth(payload)
        case 3: read(AuthOK.self, payload)
        case 4: read(AuthFail.self, payload)
        case 5: readAck(payload)
        case 6: readBinaryAck(payload)
        case 7: read(Nack.self, payload)
        case 8: read(Ping.self, payload)
        case 9: read(Pong.self, payload)
        case 10: read(GoAway.self, payload)
        case 11: read(ProtocolError.self, payload)
        case 12: readAttestation(payload)
        default: _ = JSONMember.value(of: "org_attestation", in: payload)
        }
    }

    @discardableResult
    private static func read<D: Document>(_: D.Type, _ payload: [UInt8]) -> D? {
        do throws(DocumentError) {
            let document = try D(json: payload)
            expectUTF8(payload)
            let written = document.json
            guard let again = try? D(json: written) else { broken("\(D.self) cannot read what it wrote") }
            expect(again == document && again.json == written, "\(D.self) reads another from what it wrote")
            // An attestation goes out again as it came, whatever it is.
            let isOurs = (document as? Auth)?.orgAttestation == nil
            expect(!isOurs || (try? JSONValue(parsing: written)) != nil, "\(D.self) writes what is not JSON")
            return document
        } catch {
            expect(error.description.utf8.count <= 200, "a refusal of \(error.description.utf8.count) bytes")
            return nil
        }
    }

    /// The short way and the decoder read the same ACK, or the short way reads none.
    private static func readAck(_ payload: [UInt8]) {
        read(Ack.self, payload)
        var reader = AckReader(json: payload)
        guard let short = reader.read() else { return }
        expect((try? Ack.decoded(from: payload)) == short, "the decoder reads another ACK")
    }

    private static func readBinaryAck(_ payload: [UInt8]) {
        guard let ack = try? Ack(binary: payload) else { return }
        expect(ack.binary == payload, "a binary ACK is written otherwise")
        expect((try? Ack(payload: payload, binaryNegotiated: true)) == ack, "the two ways to an ACK disagree")
    }

    /// What is believed of an attestation stands in the bytes its signature is over.
    private static func readAuth(_ payload: [UInt8]) {
        guard let auth = read(Auth.self, payload), let attestation = auth.orgAttestation else { return }
        guard let whole = try? JSONValue(parsing: payload), let member = whole["org_attestation"] else { return }
        let raw = try? JSONValue(parsing: attestation.json)
        expect(raw?.canonicalBytes == member.canonicalBytes, "the attestation is another than the member")
    }

    private static func readAttestation(_ payload: [UInt8]) {
        guard let attestation = try? OrgAttestation(json: payload) else { return }
        expectUTF8(payload)
        expect(attestation.json == payload, "an attestation is kept otherwise than it was written")
    }

    /// More cannot be asked: JSONDecoder looks at no member before it is asked for.
    private static func expectUTF8(_ payload: [UInt8]) {
        let isText = String(validating: payload, as: UTF8.self) != nil && !payload.contains(0)
        expect(isText && payload.first != 0xEF, "read from what is not UTF-8")
    }
}
