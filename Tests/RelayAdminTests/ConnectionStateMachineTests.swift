import NIOCore
import NIOHTTP1
import Testing

@testable import RelayAdmin

private final class Subject {
    private var state: ConnectionStateMachine
    private var now = NIODeadline.uptimeNanoseconds(0)

    init(_ limits: AdminLimits = AdminLimits(), bodyLimit: @escaping (HTTPRequestHead) -> Int? = { _ in nil }) {
        state = ConnectionStateMachine(limits: limits, at: now, bodyLimit: bodyLimit)
    }

    var owesNothing: Bool { state.owesNothing }
    var secondsLeft: Int64 { (state.deadline - now).nanoseconds / 1_000_000_000 }

    func fault() -> HTTPFault? { state.takeFault() }
    func pass(seconds: Int64) { now = now + .seconds(seconds) }
    func bytes(endInBlankLine: Bool = true) { state.receivedBytes(endsInBlankLine: endInBlankLine, at: now) }
    func part(_ part: HTTPServerRequestPart) -> ConnectionStateMachine.Action { state.received(part, at: now) }
    func answered() -> ConnectionStateMachine.Action { state.answered(at: now) }
    func timedOut() -> ConnectionStateMachine.Action { state.timedOut(at: now) }
    func failed(_ error: any Error) -> ConnectionStateMachine.Action { state.failedToParse(error, at: now) }

    func request(_ head: HTTPRequestHead) -> ConnectionStateMachine.Action {
        bytes()
        _ = part(.head(head))
        return part(.end(nil))
    }
}

@Suite struct ConnectionStateMachineTests {
    private let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")

    private func respond(_ head: HTTPRequestHead) -> ConnectionStateMachine.Action {
        .respond(.init(head: head, body: ByteBuffer()))
    }

    @Test func `a request is answered and the next one awaited`() {
        let subject = Subject()
        #expect(subject.request(head) == respond(head))
        #expect(!subject.owesNothing)
        #expect(subject.secondsLeft == 30)
        #expect(subject.answered() == .none)
        #expect(subject.owesNothing)
        #expect(subject.secondsLeft == 75)
        #expect(subject.request(head) == respond(head))
    }

    @Test func `a client that asked for it is closed after its answer`() {
        var last = head
        last.headers.add(name: "connection", value: "close")
        let subject = Subject()
        #expect(subject.request(last) == respond(last))
        #expect(subject.answered() == .close)
    }

    @Test func `what comes behind the last request does not cut its answer off`() {
        var last = head
        last.headers.add(name: "connection", value: "close")
        let subject = Subject()
        #expect(subject.request(last) == respond(last))
        #expect(subject.failed(HTTPParserError.closedConnection) == .none)
        #expect(subject.fault() == nil)
        #expect(subject.answered() == .close)
    }

    @Test func `what comes behind a fault is no second one`() {
        let subject = Subject()
        _ = subject.request(head)
        #expect(subject.failed(HTTPParserError.invalidMethod) == .close)
        #expect(subject.fault() == .malformed)
        #expect(subject.failed(HTTPParserError.invalidMethod) == .none)
        #expect(subject.fault() == nil)
    }

    @Test func `a request's time runs from its first byte, however many follow`() {
        let subject = Subject()
        _ = subject.request(head)
        _ = subject.answered()
        subject.pass(seconds: 60)
        subject.bytes()
        #expect(subject.secondsLeft == 5)
        subject.pass(seconds: 4)
        subject.bytes()
        #expect(subject.secondsLeft == 1)
        subject.pass(seconds: 1)
        #expect(subject.timedOut() == .reject(.requestTimeout, reason: "The request took too long to arrive."))
        #expect(subject.secondsLeft == 2)
        #expect(subject.timedOut() == .close)
    }

    /// The parser says nothing of half a head.
    @Test func `what came with the end of a request may be the next one's beginning, and has its time`() {
        let subject = Subject()
        subject.bytes(endInBlankLine: false)
        _ = subject.part(.head(head))
        #expect(subject.part(.end(nil)) == respond(head))
        #expect(subject.answered() == .none)
        #expect(subject.secondsLeft == 5)
        subject.pass(seconds: 4)
        subject.bytes(endInBlankLine: false)
        #expect(subject.secondsLeft == 5)
        subject.pass(seconds: 4)
        subject.bytes(endInBlankLine: false)
        #expect(subject.secondsLeft == 1)
        #expect(subject.timedOut() == .reject(.requestTimeout, reason: "The request took too long to arrive."))
        let maybe = Subject()
        maybe.bytes(endInBlankLine: false)
        _ = maybe.part(.head(head))
        _ = maybe.part(.end(nil))
        _ = maybe.answered()
        #expect(maybe.timedOut() == .close, "nobody knows whether it asked for anything")
        #expect(maybe.fault() == nil)
    }

    @Test func `a head behind a whole request, in the same read, is the next one's beginning`() {
        var order = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/")
        order.headers.add(name: "content-length", value: "3")
        let subject = Subject()
        _ = subject.request(head)
        _ = subject.answered()
        #expect(subject.secondsLeft == 75)
        _ = subject.part(.head(order))
        #expect(subject.secondsLeft == 5)
        _ = subject.part(.body(ByteBuffer(string: "abc")))
        _ = subject.part(.end(nil))
        _ = subject.answered()
        #expect(subject.secondsLeft == 5, "a body may end as a head does")
    }

    @Test func `a client that says nothing, or does not take its answer, is closed without a word`() {
        #expect(Subject().timedOut() == .close)
        let subject = Subject()
        _ = subject.request(head)
        #expect(subject.timedOut() == .close)
    }

    @Test func `pipelined requests are answered one by one, and only so many wait`() {
        var limits = AdminLimits()
        limits.maxPipelined = 2
        let subject = Subject(limits)
        #expect(subject.request(head) == respond(head))
        #expect(subject.request(head) == .none)
        #expect(subject.request(head) == .none)
        #expect(subject.answered() == respond(head))
        #expect(subject.request(head) == .none)
        #expect(subject.request(head) == .close)
    }

    @Test func `a body over the limit is refused by its announcement, and where it announced less`() {
        var limits = AdminLimits()
        limits.maxBodyBytes = 4
        var announced = head
        announced.headers.add(name: "content-length", value: "5")
        let refusal = ConnectionStateMachine.Action.reject(.payloadTooLarge, reason: "More than 4 bytes of body.")
        #expect(Subject(limits).part(.head(announced)) == refusal)
        let subject = Subject(limits)
        #expect(subject.part(.head(head)) == .none)
        #expect(subject.part(.body(ByteBuffer(string: "1234"))) == .none)
        #expect(subject.part(.body(ByteBuffer(string: "5"))) == refusal)
        #expect(subject.part(.body(ByteBuffer(string: "6"))) == .none, "thrown away")
        #expect(subject.part(.end(nil)) == .none)
    }

    @Test func `a route takes more, and the next request on the connection does not`() {
        var limits = AdminLimits()
        limits.maxBodyBytes = 4
        let subject = Subject(limits) { $0.uri == "/import" ? 6 : nil }
        let order = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/import")
        #expect(subject.part(.head(order)) == .none)
        #expect(subject.part(.body(ByteBuffer(string: "123456"))) == .none)
        #expect(subject.part(.end(nil)) == .respond(.init(head: order, body: ByteBuffer(string: "123456"))))
        #expect(subject.answered() == .none)
        var other = head
        other.headers.add(name: "content-length", value: "6")
        #expect(subject.part(.head(other)) == .reject(.payloadTooLarge, reason: "More than 4 bytes of body."))
    }

    @Test func `only an import brings more than any other order`() {
        let router = AdminRouter([
            AdminRoute.importQueuePath: .importQueue { _, _, loop in loop.makeFailedFuture(AdminRefusal("")) },
            AdminRoute.queuePath: AdminRoute { _ in .text(.ok, "") },
        ])
        func limit(_ method: HTTPMethod, _ uri: String) -> Int? {
            router.maxBodyBytes(of: HTTPRequestHead(version: .http1_1, method: method, uri: uri))
        }
        #expect(limit(.POST, AdminRoute.importQueuePath + "?check") == AdminRoute.maxImportBytes)
        #expect(limit(.GET, AdminRoute.importQueuePath) == nil)
        #expect(limit(.POST, AdminRoute.queuePath) == nil)
        #expect(limit(.POST, "/nothing") == nil)
    }

    @Test func `what a client is turned away for is told once`() {
        var limits = AdminLimits()
        limits.maxBodyBytes = 1
        limits.maxPipelined = 1
        let (slow, deaf, silent) = (Subject(limits), Subject(limits), Subject(limits))
        slow.bytes()
        _ = slow.timedOut()
        #expect(slow.fault() == .requestTimeout)
        #expect(slow.fault() == nil)
        _ = deaf.request(head)
        _ = deaf.timedOut()
        #expect(deaf.fault() == .responseTimeout)
        _ = silent.timedOut()
        #expect(silent.fault() == nil)
        let (large, eager, gone) = (Subject(limits), Subject(limits), Subject(limits))
        _ = large.part(.head(head))
        _ = large.part(.body(ByteBuffer(string: "12")))
        #expect(large.fault() == .tooLarge)
        for _ in 0..<3 { _ = eager.request(head) }
        #expect(eager.fault() == .pipelined)
        _ = gone.failed(HTTPParserError.invalidEOFState)
        #expect(gone.fault() == nil)
        _ = Subject(limits).failed(HTTPParserError.invalidMethod)
    }

    @Test func `what is no HTTP is refused, but not into another answer`() {
        #expect(
            Subject().failed(HTTPParserError.headerOverflow)
                == .reject(.requestHeaderFieldsTooLarge, reason: "More than 16384 bytes of header.")
        )
        let subject = Subject()
        _ = subject.request(head)
        #expect(subject.failed(HTTPParserError.invalidMethod) == .close)
    }
}
