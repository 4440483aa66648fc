import Logging
import Testing

@testable import Telemetry

@Suite struct LogWriterStateTests {
    private func line(_ text: String) -> [UInt8] { Array((text + "\n").utf8) }

    private func state(capacity: Int = 16) -> LogWriterState { LogWriterState(buffer: LogBuffer(capacity: capacity)) }

    @Test func `a full buffer drops by level and keeps its last quarter for warnings`() {
        var buffer = LogBuffer(capacity: 16)
        #expect(buffer.append(line("12345678901"), level: .info), "three quarters")
        #expect(!buffer.append(line(""), level: .info))
        #expect(buffer.append(line("123"), level: .warning), "the last quarter")
        #expect(!buffer.append(line(""), level: .critical))
        #expect(buffer.dropped[.info] == 1)
        #expect(buffer.dropped[.critical] == 1)
        #expect(buffer.dropped.total == 2)
    }

    @Test func `losses are told once, after the lines that were kept`() {
        var state = state()
        var lines = UnwrittenLines()
        #expect(state.buffer.append(line("12345678901"), level: .info))
        #expect(!state.buffer.append(line("lost"), level: .debug))
        let first = state.nextWork(&lines)
        #expect(first.0 == .write)
        #expect(first.lost?[.debug] == 1)
        _ = lines.advance(by: lines.bytes.count)
        #expect(state.nextWork(&lines).0 == .wait)
        #expect(state.buffer.dropped.total == 1, "the statistics keep counting from the start")
    }

    @Test func `unwritten lines come before new ones`() {
        var state = state()
        var lines = UnwrittenLines(line("first"))
        #expect(state.buffer.append(line("second"), level: .info))
        #expect(lines.advance(by: 2) == 0)
        #expect(state.nextWork(&lines).0 == .write)
        #expect(lines.bytes == line("first"))
        #expect(lines.advance(by: 4) == 1)
        #expect(state.nextWork(&lines).0 == .write)
        #expect(lines.bytes == line("second"))
        #expect(lines.offset == 0)
    }

    @Test func `a flush waits for the lines of the next swap only`() {
        var state = state()
        var lines = UnwrittenLines()
        #expect(state.buffer.append(line("before"), level: .info))
        let flush = LogFlush()
        state.add(flush)
        #expect(state.nextWork(&lines).0 == .write)
        #expect(!flush.wait(within: .zero))
        #expect(state.buffer.append(line("after"), level: .info))
        _ = lines.advance(by: lines.bytes.count)
        #expect(state.nextWork(&lines).0 == .write, "the later line is under way")
        #expect(flush.wait(within: .zero), "and the flush does not wait for it")
    }

    @Test func `a failure ends every flush and is waited out, but not while closing`() {
        var state = state()
        let flush = LogFlush()
        state.add(flush)
        state.failed()
        #expect(!flush.wait(within: .zero))
        #expect(state.activity == .backingOff)
        #expect(state.statistics.writeErrors == 1)
        state.isClosing = true
        state.failed()
        var lines = UnwrittenLines(line("kept"))
        #expect(state.nextWork(&lines).0 == .stop)
    }

    @Test func `after the end a flush does not wait`() {
        var state = state()
        var lines = UnwrittenLines()
        state.isClosing = true
        #expect(state.nextWork(&lines).0 == .stop)
        let late = LogFlush()
        state.add(late)
        #expect(!late.wait(within: .seconds(60)))
    }

    @Test func `a torn line begins anew in another file`() {
        var lines = UnwrittenLines(line("first") + line("second"))
        #expect(lines.advance(by: 9) == 1)
        lines.rewindToLineStart()
        #expect(lines.offset == 6)
        lines.rewindToLineStart()
        #expect(lines.offset == 6, "a whole line is not written twice")
    }
}
