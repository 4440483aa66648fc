import Foundation
import ProgramFixture
import Testing

@Suite struct VersionTests {
    @Test func textAndJSONSayTheSame() throws {
        struct Identity: Decodable { var version, swift, os, architecture: String }
        let json = try moltrelay("version", "--json")
        let identity = try JSONDecoder().decode(Identity.self, from: Data(json.output.utf8))
        let text = try moltrelay("version")
        #expect(
            text.output == """
                moltrelay \(identity.version)
                Swift     \(identity.swift)
                system    \(identity.os), \(identity.architecture)

                """
        )
        #expect(identity.version.wholeMatch(of: /\d+\.\d+\.\d+/) != nil)
        #expect(try moltrelay("--version").output == identity.version + "\n")
    }
}

@Suite struct CompletionTests {
    @Test(arguments: ["bash", "zsh", "fish"])
    func aScriptKnowsTheCommands(shell: String) throws {
        let outcome = try moltrelay("completion", shell)
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("check-config"))
        #expect(outcome.output.contains("listen-websocket"))
    }

    @Test func bashTakesItsScript() throws {
        let script = FileManager.default.temporaryDirectory.appending(path: "completion-\(UUID().uuidString)")
        try Data(moltrelay("completion", "bash").output.utf8).write(to: script)
        defer { try? FileManager.default.removeItem(at: script) }
        let bash = Process()
        bash.executableURL = URL(filePath: "/bin/bash")
        bash.arguments = ["-n", script.path]
        try bash.runInTurn()
        bash.waitUntilExit()
        #expect(bash.terminationStatus == 0)
    }

    @Test func anotherShellEndsWith64() throws {
        #expect(try moltrelay("completion", "tcsh").status == 64)
    }
}

@Suite struct HelpTests {
    @Test(arguments: [
        "serve", "status", "top", "explain", "slow", "trace", "log-level", "logs", "send", "listen", "check-config",
        "version",
        "completion",
    ])
    func aCommandTeaches(command: String) throws {
        let outcome = try moltrelay("help", command)
        #expect(outcome.status == 0)
        #expect(try outcome.output == goldenText("help-\(command).txt", actual: outcome.output))
        #expect(try moltrelay(command, "--help").output == outcome.output)
    }

    @Test func theFirstPageNamesTheCommands() throws {
        let page = try moltrelay("--help").output
        #expect(
            [
                "serve", "status", "explain", "slow", "trace", "log-level", "send", "listen", "check-config", "version",
                "completion",
            ]
            .allSatisfy {
                page.contains("  \($0) ")
            }
        )
    }
}
