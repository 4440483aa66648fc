import Glibc
import Testing

/// What every other test here leans on.
@Suite(.timeLimit(.minutes(5))) struct ChildProcessTests {
    @Test func conversesLineByLine() async throws {
        let child = try ChildProcess("/bin/cat", [], environment: [:], mergingErrors: true)
        child.write(line: "one")
        #expect(await child.line { $0 == "one" } == "one")
        child.send(SIGTERM)
        #expect(await child.end() == .signal(SIGTERM))
        #expect(await child.line { $0 == "two" } == nil)
    }

    @Test func tellsHowAProgramEnded() async throws {
        let outcome = try await Programs.shell("echo out; echo err >&2; false; echo never")
        #expect(outcome.ending == .exit(1))
        #expect(outcome.lines == ["out", "err"])
    }

    @Test func saysWhichProgramIsMissing() {
        #expect(throws: ChildProcess.CannotStart.self) {
            try ChildProcess("/nonexistent/program", [], environment: [:], mergingErrors: true)
        }
    }

    @Test func anAgentAnswersEvenWhatItCannotDo() async throws {
        let agent = try PythonAgent("alice")
        let answer = try await agent.ask("connect", ["url": "ws://127.0.0.1:1/v1/connect", "agent": "alice"])
        #expect(!answer.ok)
        #expect(answer.json["error"].string?.contains("ConnectionRefusedError") == true, "\(answer.json)")
    }
}
