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
        #expect(outcome.status == 1)
        #expect(outcome.errors == "")
        #expect(try outcome.output == goldenText("wrong.txt", actual: outcome.output))
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
        #expect(outcome.status == 1)
        #expect(try outcome.output == goldenText("wrong.json", actual: outcome.output))
    }

    @Test func whatIsFineEndsWithZero() throws {
        let outcome = try moltrelay("check-config", "--config", "right.yaml")
        #expect(outcome.status == 0)
        #expect(outcome.output == "right.yaml: fine\n")
        #expect(outcome.errors == "")
    }

    @Test func warningsAloneEndWithZero() throws {
        let outcome = try moltrelay("check-config", environment: ["MOLTRELAY_QUEUE_STORAGE": "memory"])
        #expect(outcome.status == 0)
        #expect(outcome.output.hasSuffix("\nconfiguration: fine, 1 warning\n"))
    }

    @Test func everyEffectiveValueIsPrintedWithItsOriginAndNoSecret() throws {
        let environment = [
            "MOLTRELAY_QUEUE_RETENTION_HOURS": "24", "STATE_DIRECTORY": "/s", "RUNTIME_DIRECTORY": "/r",
        ]
        let text = try moltrelay("check-config", "--config", "right.yaml", "--effective", environment: environment)
        #expect(try text.output == goldenText("effective.txt", actual: text.output))
        let json = try moltrelay(
            "check-config",
            "--config",
            "right.yaml",
            "--effective",
            "--format",
            "json",
            environment: environment
        )
        let document = try JSONDecoder().decode(EffectiveDocument.self, from: Data(json.output.utf8))
        let lines = document.effective.map { "\($0.key) = \($0.value)  # \($0.origin)\n" }.joined()
        #expect(text.output == lines + "\nright.yaml: fine\n")
        #expect(!(text.output + json.output).contains("hunter2"))
    }

    @Test func aFileThatIsNotThereEndsWithOne() throws {
        let outcome = try moltrelay("check-config", "--config", "missing.yaml")
        #expect(outcome.status == 1)
        #expect(outcome.output.hasPrefix("missing.yaml: cannot be read: No such file or directory\n"))
    }

    @Test(arguments: [["--nonsense"], ["--format", "xml"], ["--config"], ["--config", ""], ["stray"]])
    func wrongUsageEndsWith64(arguments: [String]) throws {
        let outcome = try Run.moltrelay(["check-config"] + arguments)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains("Usage: moltrelay check-config"))
        #expect(outcome.output == "")
    }

    @Test func theReferenceIsPrinted() throws {
        let outcome = try moltrelay("check-config", "--print-reference")
        #expect(outcome.status == 0)
        #expect(outcome.output.hasPrefix("# Configuration\n"))
    }
}

/// Of the JSON's contract, what is the same in the text.
private struct EffectiveDocument: Decodable {
    struct Setting: Decodable { var key, value, origin: String }

    var effective: [Setting]
}
