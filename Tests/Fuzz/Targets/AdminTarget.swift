import NIOCore
import NIOEmbedded
import NIOHTTP1

@testable import RelayAdmin

/// A connection of the HTTP listener for probes, scrapers and commands: it asks its routes for the same and answers the
/// same wherever the bytes were cut, keeps its bounds, names each fault once, and comes to an end.
enum AdminTarget {
    static func run(_ input: [UInt8]) {
        var script = Script(input)
        let settings = script.byte()
        let seed = script.byte()
        let stream = script.rest()
        let readings = cuttings(of: stream, seed: seed).map { AdminReading(of: $0, isReadOnly: settings & 1 == 1) }
        expect(readings.allSatisfy { $0 == readings[0] }, "asked or answered otherwise where it is cut: \(readings)")
        unescape(String(decoding: stream, as: UTF8.self))
    }

    private static func unescape(_ text: String) {
        expect(QueryText.unescaped(QueryText.escaped(text)).utf8.elementsEqual(text.utf8), "a query's text is another")
        expect(QueryText.unescaped(text).utf8.count <= text.utf8.count * 3, "a text grows without encoding")
    }
}

private struct Asked: Equatable {
    var method: HTTPMethod
    var path: String
    var query: [String]
    var body: [UInt8]

    init(_ request: AdminRequest) {
        (method, path, body) = (request.method, request.path, Array(request.body.readableBytesView))
        query = request.query.map { "\($0.name)=\(request.text(of: String($0.name)) ?? "nil")" }
        expect(!path.contains("?"), "a path with its query")
    }
}

/// What came of a stream as soon as it was there. When the rest of a request that stays half is given up does depend on
/// the cut: one that shares a read with the request before it ends without a word.
private struct AdminReading: Equatable {
    static let limits = {
        var limits = AdminLimits()
        (limits.maxHeaderBytes, limits.maxBodyBytes, limits.maxPipelined) = (512, 64, 2)
        return limits
    }()
    private static let smallBodyBytes = 8

    private var asked: [Asked] = []
    private var statuses: [Int] = []
    private var faults = 0
    private var isActive = true
    private let isReadOnly: Bool

    init(of pieces: [ArraySlice<UInt8>], isReadOnly: Bool) {
        self.isReadOnly = isReadOnly
        (Desk.asked, Desk.waiting) = ([], [])
        var told: [HTTPFault] = []
        let channel = EmbeddedChannel()
        do {
            try AdminServer.addHandlers(
                to: channel,
                router: isReadOnly ? Desk.router.forAnybody : Desk.router,
                limits: Self.limits,
                open: OpenConnections(limit: 2),
                told: { told.append($0) }
            )
            try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
            for piece in pieces where channel.isActive && !piece.isEmpty {
                _ = try? channel.writeInbound(ByteBuffer(bytes: piece))
            }
            Desk.answerAll()
            (isActive, asked, faults) = (channel.isActive, Desk.asked, told.count)
            let answers = try Self.answers(channel)
            // Of a header that is too long and none, the parser says the one or the other.
            statuses = Self.statuses(of: answers).map { $0 == 431 ? 400 : $0 }
            try Self.end(channel)
            let all = try Self.statuses(of: answers + Self.answers(channel))
            check(all, told, streamBytes: pieces.reduce(0) { $0 + $1.count })
            _ = try channel.finish(acceptAlreadyClosed: true)
        } catch {
            broken("the socket failed: \(error)")
        }
    }

    private static func end(_ channel: EmbeddedChannel) throws {
        for wait in [limits.requestTimeout, limits.lingerTimeout, limits.idleTimeout, limits.responseTimeout] {
            channel.embeddedEventLoop.advanceTime(by: wait)
        }
        expect(!channel.isActive, "a connection has no end")
    }

    private static func answers(_ channel: EmbeddedChannel) throws -> [UInt8] {
        var answers: [UInt8] = []
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { answers += bytes.readableBytesView }
        return answers
    }

    /// No body begins as an answer does, and a HEAD's has none.
    private static func statuses(of answers: [UInt8]) -> [Int] {
        let start = Array("HTTP/1.1 ".utf8)
        var rest = answers[...]
        var statuses: [Int] = []
        while !rest.isEmpty {
            let head = ByteBuffer(bytes: rest.prefix(4_096))
            let lines = String(buffer: head).components("\r\n\r\n")
            expect(rest.starts(with: start) && lines.count > 1, "no answer follows an answer")
            let status = Int(lines[0].dropFirst(start.count).prefix(3)) ?? 0
            let field = lines[0].components("\r\n").first { $0.hasPrefix("content-length: ") }
            guard let length = field.flatMap({ Int($0.dropFirst("content-length: ".count)) }) else {
                broken("an answer without its length")
            }
            rest = rest.dropFirst(lines[0].utf8.count + 4)
            if !rest.starts(with: start) { rest = rest.dropFirst(length) }
            statuses.append(status)
        }
        return statuses
    }

    private func check(_ statuses: [Int], _ faults: [HTTPFault], streamBytes: Int) {
        expect(asked.allSatisfy { $0.body.count <= Self.bodyLimit(of: $0) }, "a longer body than may be")
        expect(asked.reduce(0) { $0 + $1.body.count } <= streamBytes, "longer bodies than came")
        expect(
            !isReadOnly || asked.allSatisfy { $0.method == .GET || $0.method == .HEAD || $0.path == "/order" },
            "a change where none may be"
        )
        let refusals = statuses.filter { [400, 408, 413, 431].contains($0) }
        expect(refusals.count <= 1 && (refusals.isEmpty || refusals[0] == statuses.last), "an answer behind the last")
        // A client that goes in the midst of its request is told, and at no fault.
        expect(refusals.isEmpty || refusals == [400] || !faults.isEmpty, "\(refusals) is counted nowhere")
        expect(faults.count <= 1, "one connection's faults are \(faults)")
        let known: Set = [200, 308, 400, 401, 403, 404, 405, 408, 413, 431, 503]
        expect(statuses.allSatisfy(known.contains), "answered \(statuses)")
    }

    private static func bodyLimit(of request: Asked) -> Int {
        switch (request.path, request.method) {
        case ("/small", .PUT): smallBodyBytes
        case ("/order", .POST): Desk.orderBytes
        default: limits.maxBodyBytes
        }
    }
}

/// The routes, and what was asked of them.
private enum Desk {
    // The fuzzer has one thread.
    nonisolated(unsafe) static var asked: [Asked] = []
    // The same.
    nonisolated(unsafe) static var waiting: [EventLoopPromise<AdminResponse>] = []

    static let router = AdminRouter([
        "/now": AdminRoute { answer($0) }.and(AdminRoute(.POST) { answer($0) }),
        "/small": AdminRoute(.PUT, maxBodyBytes: 8) { request, loop in loop.makeSucceededFuture(answer(request)) },
        "/later": AdminRoute(
            .GET,
            asking: { request, loop in
                _ = answer(request)
                let promise = loop.makePromise(of: AdminResponse.self)
                waiting.append(promise)
                return promise.futureResult
            }
        ),
        "/folder/": AdminRoute { answer($0) },
        "/order": AdminRoute(
            .POST,
            maxBodyBytes: orderBytes,
            asking: { request, loop in loop.makeSucceededFuture(order(request)) }
        ).guarded(by: OrderAccess(token: known(BearerToken("sesame-0123456789"))) { _, _ in }),
    ])

    static let orderBytes = 128

    private static func order(_ request: AdminRequest) -> AdminResponse {
        let words = request.headers["authorization"].map { $0.lowercased().split(separator: " ") }
        expect(words.contains(["bearer", "sesame-0123456789"]), "an order without the token")
        return answer(request)
    }

    private static func answer(_ request: AdminRequest) -> AdminResponse {
        asked.append(Asked(request))
        return .text(.ok, "yes")
    }

    /// One answer may bring the next question.
    static func answerAll() {
        while !waiting.isEmpty { waiting.removeFirst().succeed(.text(.ok, "at last")) }
    }
}

extension String {
    /// Foundation's, in one place and of bytes alone: a CRLF is one character.
    fileprivate func components(_ separator: String) -> [String] {
        var parts: [String] = []
        var rest = Array(utf8)[...]
        let mark = Array(separator.utf8)
        while let place = rest.indices.first(where: { rest[$0...].starts(with: mark) }) {
            parts.append(String(decoding: rest[..<place], as: UTF8.self))
            rest = rest[(place + mark.count)...]
        }
        return parts + [String(decoding: rest, as: UTF8.self)]
    }
}
