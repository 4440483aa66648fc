import NIOCore
import NIOHTTP1

/// One HTTP connection: parts of requests and time in, what to do about them out.
struct ConnectionStateMachine {
    struct Request: Equatable {
        var head: HTTPRequestHead
        var body: ByteBuffer
    }

    enum Action: Equatable {
        case none
        case respond(Request)
        /// Answer with this; what comes in afterwards is thrown away, until `close`.
        case reject(HTTPResponseStatus, reason: String)
        case close
    }

    private enum Phase: Equatable {
        case open
        case responding(keepAlive: Bool)
        case streaming(isBehind: Bool)
        case lingering
    }

    /// Of the request behind the last whole one.
    private enum Part {
        case absent
        /// The bytes that ended the last request may have brought some of it: its parser does not say.
        case possible
        case begun
    }

    private let limits: AdminLimits
    private let bodyLimit: (HTTPRequestHead) -> Int?
    private var maxBodyBytes = 0
    private var phase = Phase.open
    private var part = Part.absent
    /// So did the bytes that came last.
    private var endedInBlankLine = false
    private var arriving: Request?
    private var waiting: [Request] = []
    private(set) var deadline: NIODeadline
    private var fault: HTTPFault?

    /// A client that connects has something to say, and as long for it as for a request.
    /// - Parameter bodyLimit: of a request that may bring more, or less, than others.
    init(limits: AdminLimits, at now: NIODeadline, bodyLimit: @escaping (HTTPRequestHead) -> Int? = { _ in nil }) {
        self.limits = limits
        self.bodyLimit = bodyLimit
        deadline = now + limits.requestTimeout
    }

    /// Nobody would miss an answer.
    var owesNothing: Bool { phase == .open }

    /// What the client did since it was last asked.
    mutating func takeFault() -> HTTPFault? {
        defer { fault = nil }
        return fault
    }

    /// - Parameter endsInBlankLine: as only a whole head does, or a body in chunks.
    mutating func receivedBytes(endsInBlankLine: Bool, at now: NIODeadline) {
        endedInBlankLine = endsInBlankLine
        begun(at: now)
    }

    private mutating func begun(at now: NIODeadline) {
        guard part != .begun else { return }
        part = .begun
        if phase == .open { deadline = now + limits.requestTimeout }
    }

    mutating func received(_ part: HTTPServerRequestPart, at now: NIODeadline) -> Action {
        guard phase != .lingering else { return .none }
        switch part {
        case .head(let head):
            begun(at: now)
            arriving = Request(head: head, body: ByteBuffer())
            maxBodyBytes = bodyLimit(head) ?? limits.maxBodyBytes
            let length = head.headers.first(name: "content-length").flatMap(Int.init) ?? 0
            return length > maxBodyBytes ? tooLarge(at: now) : .none
        case .body(let bytes):
            arriving?.body.writeImmutableBuffer(bytes)
            return (arriving?.body.readableBytes ?? 0) > maxBodyBytes ? tooLarge(at: now) : .none
        case .end:
            return receivedEnd(at: now)
        }
    }

    mutating func failedToParse(_ error: any Error, at now: NIODeadline) -> Action {
        guard !isLast else { return .none }
        switch error {
        case HTTPParserError.headerOverflow:
            fault = .tooLarge
            return reject(.requestHeaderFieldsTooLarge, "More than \(limits.maxHeaderBytes) bytes of header.", at: now)
        default:
            // A client that goes in the midst of its request has done nothing that it was refused for.
            if error as? HTTPParserError != .invalidEOFState { fault = .malformed }
            return reject(.badRequest, "This is not HTTP/1.1: \(error)", at: now)
        }
    }

    /// What comes behind the last request is nobody's, and no reason to cut its answer off.
    private var isLast: Bool { phase == .lingering || phase == .responding(keepAlive: false) }

    /// The client has taken the whole answer.
    mutating func answered(at now: NIODeadline) -> Action {
        guard case .responding(let keepAlive) = phase else { return .none }
        guard keepAlive else { return .close }
        phase = .open
        deadline = now + (part == .absent ? limits.idleTimeout : limits.requestTimeout)
        return next(at: now)
    }

    /// The answer goes on without an end. To be called whenever some of it was sent.
    /// - Parameter isBehind: more is there than the client takes.
    mutating func streamed(isBehind: Bool, at now: NIODeadline) {
        phase = .streaming(isBehind: isBehind)
        deadline = now + limits.streamTimeout
    }

    /// To be called at `deadline`, or later.
    mutating func timedOut(at now: NIODeadline) -> Action {
        if phase == .streaming(isBehind: false) {
            deadline = now + limits.streamTimeout
            return .none
        }
        switch phase {
        case .responding, .streaming: fault = .responseTimeout
        case .open, .lingering: break
        }
        guard phase == .open && part == .begun else { return .close }
        fault = .requestTimeout
        return reject(.requestTimeout, "The request took too long to arrive.", at: now)
    }

    private mutating func receivedEnd(at now: NIODeadline) -> Action {
        guard let request = arriving else { return .none }
        arriving = nil
        // A body of a given length ends in anything, so that what it ends in says nothing.
        let isLength = request.head.headers.contains(name: "content-length")
        part = endedInBlankLine && !isLength ? .absent : .possible
        waiting.append(request)
        guard waiting.count > limits.maxPipelined else { return next(at: now) }
        fault = .pipelined
        phase = .lingering
        return .close
    }

    private mutating func next(at now: NIODeadline) -> Action {
        guard phase == .open, !waiting.isEmpty else { return .none }
        let request = waiting.removeFirst()
        phase = .responding(keepAlive: request.head.isKeepAlive)
        deadline = now + limits.responseTimeout
        return .respond(request)
    }

    private mutating func tooLarge(at now: NIODeadline) -> Action {
        fault = .tooLarge
        return reject(.payloadTooLarge, "More than \(maxBodyBytes) bytes of body.", at: now)
    }

    private mutating func reject(_ status: HTTPResponseStatus, _ reason: String, at now: NIODeadline) -> Action {
        switch phase {
        case .lingering: return .none
        // An answer is half out: another one cannot go in between.
        case .responding, .streaming:
            phase = .lingering
            return .close
        case .open:
            phase = .lingering
            deadline = now + limits.lingerTimeout
            return .reject(status, reason: reason)
        }
    }
}
