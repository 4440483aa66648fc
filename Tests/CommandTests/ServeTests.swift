import Testing

@Suite struct ServeTests {
    @Test func aConfigurationThatIsRefusedEndsWith78() throws {
        let outcome = try moltrelay("serve", "--config", "wrong.yaml", environment: ["MOLTRELAY_LISEN": "x"])
        #expect(outcome.status == 78)
        #expect(outcome.output == "")
        #expect(try outcome.errors == goldenText("wrong.txt", actual: outcome.errors))
    }

    @Test(arguments: [
        ("--listen-websocket", "x", "server.listen.websocket"), ("--listen-http", "x", "server.listen.http"),
        ("--listen-metrics", "x", "server.listen.metrics"), ("--log-level", "loud", "logging.level"),
        ("--log-format", "xml", "logging.format"),
    ])
    func aFlagsValueIsJudgedLikeTheFiles(flag: String, value: String, key: String) throws {
        let outcome = try moltrelay("serve", flag, value)
        #expect(outcome.status == 78)
        #expect(outcome.errors.hasPrefix("\(flag): \(key): expected "))
    }

    @Test func aFolderThatCannotBeCreatedIsNamed() throws {
        let outcome = try moltrelay("serve", "--state-directory", "/proc/moltrelay")
        #expect(outcome.status == 1)
        #expect(outcome.errors.hasPrefix("Error: cannot create the folder /proc/moltrelay: "))
    }

    @Test func anUnknownFlagEndsWith64() throws {
        #expect(try moltrelay("serve", "--listen", "127.0.0.1:1").status == 64)
    }
}
