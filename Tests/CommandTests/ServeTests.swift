import Testing

@Suite struct ServeTests {
    @Test func aConfigurationThatIsRefusedEndsWith78() throws {
        let outcome = try moltrelay("serve", "--config", "wrong.yaml", environment: ["MOLTRELAY_LISEN": "x"])
        #expect(outcome.exitCode == 78)
        #expect(outcome.standardOutput == "")
        #expect(try outcome.standardError == goldenText("wrong.txt", actual: outcome.standardError))
    }

    @Test(arguments: [
        ("--listen-websocket", "x", "server.listen.websocket"), ("--listen-http", "x", "server.listen.http"),
        ("--listen-metrics", "x", "server.listen.metrics"), ("--log-level", "loud", "logging.level"),
        ("--log-format", "xml", "logging.format"),
    ])
    func aFlagsValueIsJudgedLikeTheFiles(flag: String, value: String, key: String) throws {
        let outcome = try moltrelay("serve", flag, value)
        #expect(outcome.exitCode == 78)
        #expect(outcome.standardError.hasPrefix("\(flag): \(key): expected "))
    }

    @Test func anUnknownFlagEndsWith64() throws {
        #expect(try moltrelay("serve", "--listen", "127.0.0.1:1").exitCode == 64)
    }
}
