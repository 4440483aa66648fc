import Foundation
import Testing

@Suite struct CheckConfigTests {
    @Test func everythingWrongIsPrintedAndTheExitCodeIsOne() throws {
        let outcome = try moltrelay(
            "check-config",
            "--config",
            "wrong.yaml",
            environment: ["MOLTRELAY_LISEN": "x", "MOLTRELAY_PORT": "tcp://10.0.0.1:443"]
        )
        #expect(outcome.exitCode == 1)
        #expect(outcome.standardError == "")
        #expect(try outcome.standardOutput == goldenText("wrong.txt", actual: outcome.standardOutput))
    }

    @Test func theSameAsJSON() throws {
        let outcome = try moltrelay(
            "check-config",
            "--config",
            "wrong.yaml",
            "--format",
            "json",
            environment: ["MOLTRELAY_LISEN": "x"]
        )
        #expect(outcome.exitCode == 1)
        #expect(try outcome.standardOutput == goldenText("wrong.json", actual: outcome.standardOutput))
    }

    @Test func whatIsFineEndsWithZero() throws {
        let outcome = try moltrelay("check-config", "--config", "right.yaml")
        #expect(outcome.exitCode == 0)
        #expect(outcome.standardOutput == "right.yaml: fine\n")
        #expect(outcome.standardError == "")
    }

    @Test func warningsAloneEndWithZero() throws {
        let outcome = try moltrelay("check-config", environment: ["MOLTRELAY_TRACING_ENABLED": "true"])
        #expect(outcome.exitCode == 0)
        #expect(outcome.standardOutput.hasSuffix("\nconfiguration: fine, 1 warning\n"))
    }

    @Test func everyEffectiveValueIsPrintedWithItsOriginAndNoSecret() throws {
        let environment = [
            "MOLTRELAY_QUEUE_RETENTION_HOURS": "24", "STATE_DIRECTORY": "/s", "RUNTIME_DIRECTORY": "/r",
        ]
        let text = try moltrelay("check-config", "--config", "right.yaml", "--effective", environment: environment)
        #expect(try text.standardOutput == goldenText("effective.txt", actual: text.standardOutput))
        let json = try moltrelay(
            "check-config",
            "--config",
            "right.yaml",
            "--effective",
            "--format",
            "json",
            environment: environment
        )
        #expect(try json.standardOutput == goldenText("effective.json", actual: json.standardOutput))
        #expect(!(text.standardOutput + json.standardOutput).contains("hunter2"))
    }

    @Test func aFileThatIsNotThereEndsWithOne() throws {
        let outcome = try moltrelay("check-config", "--config", "missing.yaml")
        #expect(outcome.exitCode == 1)
        #expect(outcome.standardOutput.hasPrefix("missing.yaml: cannot be read: No such file or directory\n"))
    }

    @Test(arguments: [["--nonsense"], ["--format", "xml"], ["--config"], ["--config", ""], ["stray"]])
    func wrongUsageEndsWith64(arguments: [String]) throws {
        let outcome = try moltrelay(["check-config"] + arguments)
        #expect(outcome.exitCode == 64)
        #expect(outcome.standardError.contains("Usage: moltrelay check-config"))
        #expect(outcome.standardOutput == "")
    }

    @Test func theReferenceIsPrinted() throws {
        let outcome = try moltrelay("check-config", "--print-reference")
        #expect(outcome.exitCode == 0)
        #expect(outcome.standardOutput.hasPrefix("# Configuration\n"))
    }
}
