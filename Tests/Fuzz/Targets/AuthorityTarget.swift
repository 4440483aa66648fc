import NIOCore
import NIOEmbedded
import NIOHTTP1

@testable import ACME
@testable import HTTPClient

/// What an ACME authority answers, and any server that is asked over HTTP: an order comes to an end, asks each nonce
/// once and proves nothing but its own names; an answer is read the same wherever it is cut.
enum AuthorityTarget {
    static func run(_ input: [UInt8]) {
        var script = Script(input)
        switch script.byte() % 4 {
        case 0, 1:
            var play = OrderPlay(script)
            while !play.isOver { play.step() }
        case 2: readAnswer(&script)
        default: readText(String(decoding: script.rest(), as: UTF8.self))
        }
    }

    private static func readAnswer(_ script: inout Script) {
        let seed = script.byte()
        let stream = script.rest()
        let readings = cuttings(of: stream, seed: seed).map { AnswerReading(of: $0) }
        expect(readings.allSatisfy { $0 == readings[0] }, "read otherwise where it is cut: \(readings)")
    }

    /// An address that an authority names becomes a request line and a `Host`.
    private static func readText(_ text: String) {
        if let seconds = RetryAfter.seconds(text, now: 1_800_000_000) { expect(seconds >= 0, "patience below zero") }
        guard let endpoint = try? HTTPEndpoint(text) else { return }
        let (path, host) = (endpoint.path.utf8, endpoint.origin.host.utf8)
        expect(path.first == UInt8(ascii: "/") && path.allSatisfy { 0x21...0x7E ~= $0 }, "a path that is no path")
        expect(!host.isEmpty && host.allSatisfy { 0x21...0x7E ~= $0 }, "a host that is no host")
        expect((1...65_535).contains(endpoint.origin.port), "no port")
        let again = try? HTTPEndpoint("http\(endpoint.isTLS ? "s" : "")://\(endpoint.origin)\(endpoint.path)")
        expect(again == endpoint, "\(endpoint) is another in its own words")
    }
}

private struct OrderPlay {
    private static let domains = ["a.test", "b.test"]
    private static let begun: (order: OrderStateMachine, account: AccountKey) = {
        let terms = OrderTerms(
            directory: "https://ca.test/dir",
            contact: "admin@a.test",
            domains: domains,
            challenge: .http01
        )
        do {
            let account = try AccountKey(P256Key.generate())
            return (try OrderStateMachine(terms, account: account, key: P256Key.generate(), at: 1_800_000_000), account)
        } catch {
            broken("no keys for the target: \(error)")
        }
    }()
    private static let deadline = 1_800_000_000 + OrderStateMachine.limitSeconds

    private var script: Script
    private var order = Self.begun.order
    private var now: Int64 = 1_800_000_000
    private var action: OrderStateMachine.Action
    private var nonces = 0
    private var (posts, polls) = (0, 0)

    init(_ script: Script) {
        self.script = script
        action = order.begin()
    }

    var isOver: Bool {
        switch action {
        case .finished, .failed: true
        default: script.isAtEnd
        }
    }

    mutating func step() {
        switch action {
        case .send(let request):
            check(request)
            action = answer()
        case .prove(let proof):
            check(proof)
            action = order.proofIsUp()
        case .wait(let until):
            expect(now...Self.deadline ~= until, "a wait until \(until) at \(now)")
            polls += 1
            now = max(until, now + 1)
            action = order.waited(at: now)
        case .finished, .failed: return
        }
        if isOver, case .send = order.received(ACMEResponse(status: 200), at: now) {
            broken("it goes on after its end")
        }
    }

    private mutating func answer() -> OrderStateMachine.Action {
        let kind = script.byte()
        if kind == 255 { return order.lostAnswer("no answer") }
        if kind & 16 == 0 { nonces += 1 }
        let response = ACMEResponse(
            status: kind & 32 == 0 ? 200 : Int(script.number(UInt16.self)),
            nonce: kind & 16 == 0 ? "nonce\(nonces)" : nil,
            location: kind & 64 == 0 ? "https://ca.test/\(nonces)" : nil,
            retryAfter: kind & 128 == 0 ? nil : Int64(script.number(UInt64.self) >> 1),
            body: body(Int(kind & 15))
        )
        return order.received(response, at: now)
    }

    /// One of the answers of a good authority, or any, spoiled in places.
    private mutating func body(_ kind: Int) -> [UInt8] {
        guard Sample.all.indices.contains(kind) else { return script.take(Int(script.byte())) }
        var body = Array(Sample.all[kind].utf8)
        for _ in 0..<script.byte() & 3 {
            let place = Int(script.number(UInt16.self)) % body.count
            body.replaceSubrange(place..<min(place + Int(script.byte() & 7), body.count), with: script.take(2))
            if body.isEmpty { break }
        }
        return body
    }

    /// RFC 8555 section 6.5.
    private mutating func check(_ request: ACMERequest) {
        guard case .post = request.method else { return }
        posts += 1
        expect(posts <= nonces, "\(posts) requests with \(nonces) nonces")
    }

    private func check(_ proof: Proof) {
        expect(Self.domains.contains(proof.domain), "a proof for \(proof.domain)")
        let isToken = (1...256).contains(proof.token.utf8.count) && Base64URL.isValid(proof.token)
        expect(isToken, "a proof at \(proof.token)")
        expect(proof.keyAuthorization == "\(proof.token).\(Self.begun.account.thumbprint)", "a proof of another key")
    }
}

private enum Sample {
    static let all = [
        #"{"newNonce":"https://ca.test/n","newAccount":"https://ca.test/a","newOrder":"https://ca.test/o"}"#,
        #"{"status":"pending","authorizations":["https://ca.test/1","https://ca.test/2"],"finalize":"https://ca.test/f"}"#,
        #"{"status":"ready","authorizations":[],"finalize":"https://ca.test/f"}"#,
        #"{"status":"valid","authorizations":[],"finalize":"https://ca.test/f","certificate":"https://ca.test/c"}"#,
        authorization("a.test", "pending"), authorization("a.test", "valid"),
        authorization("b.test", "pending"), authorization("b.test", "valid"),
        #"{"type":"urn:ietf:params:acme:error:badNonce","detail":"again"}"#,
        #"{"type":"urn:ietf:params:acme:error:rateLimited","detail":"later"}"#,
        "{}",
    ]

    private static func authorization(_ domain: String, _ status: String) -> String {
        #"{"status":"\#(status)","identifier":{"type":"dns","value":"\#(domain)"},"challenges":["#
            + #"{"type":"http-01","url":"https://ca.test/c","token":"tok"}]}"#
    }
}

/// What a client makes of a server's bytes.
private struct AnswerReading: Equatable {
    private static let maxBodyBytes = 64
    var text = ""

    init(of pieces: [ArraySlice<UInt8>]) {
        let channel = EmbeddedChannel()
        var results: [Result<HTTPResponse, any Error>] = []
        do {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHTTPClientHandlers()
            let handler = ExchangeHandler(maxBodyBytes: Self.maxBodyBytes)
            try pipeline.addHandler(handler)
            try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
            let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
            try handler.send(head, [], within: .seconds(1)).assumeIsolated().whenComplete { results.append($0) }
            for piece in pieces where channel.isActive { _ = try? channel.writeInbound(ByteBuffer(bytes: piece)) }
            channel.embeddedEventLoop.advanceTime(by: .seconds(1))
            _ = try? channel.finish(acceptAlreadyClosed: true)
        } catch {
            broken("the socket failed: \(error)")
        }
        expect(results.count == 1, "one request is answered \(results.count) times")
        switch results.first {
        case .success(let response):
            expect(response.body.count <= Self.maxBodyBytes, "a body of \(response.body.count) bytes")
            expect(response.status >= 200, "an interim answer for the answer")
            text = "\(response)"
        // Why depends on the pieces: what follows a 101 is no answer at once, or none in time.
        case .failure: text = "failed"
        case nil: break
        }
    }
}
