import Foundation
import Logging
import Testing

@testable import Telemetry

/// The lines behind a reference: an expectation cannot change a value.
private final class Subject {
    private var lines: RepeatedLines

    init(_ repetition: LogRepetition?) { lines = RepeatedLines(repetition) }

    var heldBack: UInt64 { lines.heldBack }
    var reportAt: UInt64? { lines.reportAt }
    func admits(_ line: RepeatedLines.Line, at now: UInt64) -> Bool { lines.admits(line, at: now) }
    func report(at now: UInt64) -> [RepeatedLines.HeldBack] { lines.report(at: now) }
    func reportAll() -> [RepeatedLines.HeldBack] { lines.reportAll() }
}

@Suite struct RepeatedLinesTests {
    private static let second: UInt64 = 1_000_000_000
    private let repetition = LogRepetition(burst: 2, perSecond: 1, reportAfter: .seconds(10), maxLines: 2)

    private func line(_ message: String, _ level: Logger.Level = .info, logger: String = "a") -> RepeatedLines.Line {
        RepeatedLines.Line(level: level, message: message, logger: logger)
    }

    @Test func `a burst is written, then as many as the rate allows`() {
        let lines = Subject(repetition)
        #expect((0..<4).map { _ in lines.admits(line("x"), at: 0) } == [true, true, false, false])
        #expect(lines.admits(line("x"), at: Self.second))
        #expect(!lines.admits(line("x"), at: Self.second))
        #expect(lines.heldBack == 3)
    }

    @Test(arguments: [
        RepeatedLines.Line(level: .error, message: "x", logger: "a"),
        RepeatedLines.Line(level: .info, message: "x", logger: "b"),
        RepeatedLines.Line(level: .info, message: "y", logger: "a"),
    ])
    fileprivate func `another level, logger or text is another line`(other: RepeatedLines.Line) {
        let lines = Subject(repetition)
        for _ in 0..<3 { _ = lines.admits(line("x"), at: 0) }
        #expect(lines.admits(other, at: 0))
    }

    @Test(arguments: [
        (Logger.Level.trace, true), (.debug, true), (.info, false), (.notice, false), (.warning, false),
        (.error, false), (.critical, true),
    ])
    func `who asked for debug gets all of it, and the last words are always heard`(level: Logger.Level, all: Bool) {
        let lines = Subject(repetition)
        #expect((0..<3).allSatisfy { _ in lines.admits(line("x", level), at: 0) } == all)
    }

    @Test func `what was held back is told once, ten seconds after the first`() {
        let lines = Subject(repetition)
        for _ in 0..<5 { _ = lines.admits(line("x"), at: 0) }
        for _ in 0..<3 { _ = lines.admits(line("y", .error), at: 5 * Self.second) }
        #expect(lines.reportAt == 10 * Self.second)
        #expect(lines.report(at: 10 * Self.second - 1).isEmpty)
        #expect(
            lines.report(at: 10 * Self.second) == [
                RepeatedLines.HeldBack(line: line("y", .error), count: 1),
                RepeatedLines.HeldBack(line: line("x"), count: 3),
            ]
        )
        #expect(lines.reportAt == nil)
        #expect(lines.reportAll().isEmpty)
        #expect(lines.heldBack == 4, "the sum keeps counting from the start")
    }

    @Test func `where the table is full a new line is written whenever it comes, until one is forgotten`() {
        let lines = Subject(repetition)
        #expect(lines.admits(line("x"), at: 0) && lines.admits(line("y"), at: 0))
        #expect((0..<5).allSatisfy { _ in lines.admits(line("z"), at: 0) })
        // x and y have all their tokens back.
        #expect((0..<3).map { _ in lines.admits(line("z"), at: 5 * Self.second) } == [true, true, false])
    }

    @Test func `a line that has something to tell is not forgotten`() {
        let lines = Subject(repetition)
        for _ in 0..<3 { _ = lines.admits(line("x"), at: 0) }
        #expect(lines.admits(line("y"), at: 0))
        _ = lines.admits(line("z"), at: 5 * Self.second)
        #expect(lines.reportAll() == [RepeatedLines.HeldBack(line: line("x"), count: 1)])
    }

    @Test func `without a repetition everything is written`() {
        let lines = Subject(nil)
        #expect((0..<100).allSatisfy { _ in lines.admits(line("x"), at: 0) })
    }
}
