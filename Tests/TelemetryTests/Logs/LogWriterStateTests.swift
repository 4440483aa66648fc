import Logging
import Testing

@testable import Telemetry

/// The writer's state and the lines its thread holds, driven without a thread.
private final class Subject {
    var state: LogWriterState
    var lines: UnwrittenLines
    private(set) var lost: LogLevelCounts?

    init(capacity: Int = 16, lines: String = "") {
        state = LogWriterState(buffer: LogBuffer(capacity: capacity))
        self.lines = UnwrittenLines(Array(lines.utf8))
    }

    func append(_ text: String, _ level: Logger.Level = .info) -> Bool {
        state.buffer.append(Array(text.utf8), level: level)
    }

    func nextWork() -> LogWriterState.Work {
        let next = state.nextWork(&lines)
        lost = next.lost
        return next.0
    }

    func outputTook(_ count: Int) -> Int { lines.advance(by: count) }

    var text: String { String(decoding: lines.bytes[lines.offset...], as: UTF8.self) }
}

@Suite struct LogWriterStateTests {
    @Test func `a full buffer drops by level and keeps its last quarter for warnings`() {
        let subject = Subject(capacity: 16)
        #expect(subject.append("12345678901\n"), "three quarters")
        #expect(!subject.append("\n"))
        #expect(subject.append("123\n", .warning), "the last quarter")
        #expect(!subject.append("\n", .critical))
        #expect(subject.state.buffer.dropped[.info] == 1)
        #expect(subject.state.buffer.dropped[.critical] == 1)
        #expect(subject.state.buffer.dropped.total == 2)
    }

    @Test func `losses are told once, after the lines that were kept`() {
        let subject = Subject()
        #expect(subject.append("12345678901\n"))
        #expect(!subject.append("lost\n", .debug))
        #expect(subject.nextWork() == .write)
        #expect(subject.lost?[.debug] == 1)
        #expect(subject.outputTook(12) == 1)
        #expect(subject.nextWork() == .wait)
        #expect(subject.lost == nil)
        #expect(subject.state.buffer.dropped.total == 1, "the statistics keep counting from the start")
    }

    @Test func `unwritten lines come before new ones`() {
        let subject = Subject(lines: "first\n")
        #expect(subject.append("second\n"))
        #expect(subject.outputTook(2) == 0)
        #expect(subject.nextWork() == .write)
        #expect(subject.text == "rst\n")
        #expect(subject.outputTook(4) == 1)
        #expect(subject.nextWork() == .write)
        #expect(subject.text == "second\n")
    }

    @Test func `a flush waits for the lines of the next swap only`() {
        let subject = Subject()
        #expect(subject.append("before\n"))
        let flush = LogFlush()
        subject.state.add(flush)
        #expect(subject.nextWork() == .write)
        #expect(!flush.wait(within: .zero))
        #expect(subject.append("after\n"))
        #expect(subject.outputTook(7) == 1)
        #expect(subject.nextWork() == .write, "the later line is under way")
        #expect(flush.wait(within: .zero), "and the flush does not wait for it")
    }

    @Test func `a failure ends every flush and is waited out`() {
        let subject = Subject(lines: "kept\n")
        let flush = LogFlush()
        subject.state.add(flush)
        subject.state.failed()
        #expect(!flush.wait(within: .seconds(60)))
        #expect(subject.state.activity == .backingOff)
        #expect(subject.state.statistics.writeErrors == 1)
        #expect(subject.nextWork() == .write)
        #expect(subject.text == "kept\n")
    }

    @Test func `a failure while closing is the end`() {
        let subject = Subject(lines: "kept\n")
        subject.state.isClosing = true
        subject.state.failed()
        #expect(subject.nextWork() == .stop)
    }

    @Test func `after the end a flush does not wait`() {
        let subject = Subject()
        subject.state.isClosing = true
        #expect(subject.nextWork() == .stop)
        let late = LogFlush()
        subject.state.add(late)
        #expect(!late.wait(within: .seconds(60)))
    }

    @Test func `a torn line begins anew in another file`() {
        let subject = Subject(lines: "first\nsecond\n")
        #expect(subject.outputTook(9) == 1)
        subject.lines.beginFile(endingMidLine: false)
        #expect(subject.text == "second\n")
        subject.lines.beginFile(endingMidLine: true)
        #expect(subject.text == "\nsecond\n", "a whole line is not written twice")
    }
}
