import Testing

@testable import moltrelay

@Suite struct DefaultTests {
    @Test func withoutAFileEverythingListensOnLoopback() {
        let report = loadWithoutFile()
        #expect(report.text == "configuration: fine\n")
        let listen = report.configuration.server.listen
        #expect(
            [listen.websocket, listen.http, listen.metrics].map(\.description) == [
                "127.0.0.1:8443", "127.0.0.1:8080", "127.0.0.1:9090",
            ]
        )
        #expect(report.configuration.auth.requireAuth)
        #expect(report.configuration.auth.allowAnonymous)
        #expect(report.configuration.queue.storage == .sqlite)
        #expect(report.configuration.auth.relayID == "host-1")
    }

    @Test func withAFileMetricsListenOnEveryAddress() throws {
        let report = try load("auth: {relay_id: r}\n")
        #expect(report.configuration.server.listen.metrics == HostPort(host: "0.0.0.0", port: 9090))
        #expect(report.configuration.server.listen.http == .loopback(8080))
        #expect(report.effectiveText.contains("0.0.0.0:9090  # default, every address with a configuration file\n"))
    }

    @Test func aHostNameThatIsNoIdentifierIsNotUsed() {
        var machine = bareMachine
        machine.hostName = "my host"
        #expect(loadWithoutFile(on: machine).configuration.auth.relayID == "moltrelay")
    }

    @Test func whatIsPrintedToTheJournalGoesThereWithFieldsUnlessAnOutputIsNamed() throws {
        var machine = bareMachine
        machine.printsToJournal = true
        #expect(loadWithoutFile(on: machine).configuration.logging.output == .journald)
        #expect(try load("logging: {output: stdout}\n", on: machine).configuration.logging.output == .standardOutput)
        #expect(loadWithoutFile().configuration.logging.output == .standardOutput)
        #expect(try load("logging: {output: journald}\n").configuration.logging.output == .journald)
        #expect(try load("logging: {output: journal}\n").text.contains("did you mean 'journald'?"))
    }
}

@Suite struct PlaceTests {
    private func places(
        _ environment: [String: String],
        writable: Set<String> = [],
        flag: String? = nil
    ) -> (state: String?, socket: String?) {
        let machine = Surroundings(
            environment: environment,
            hostName: "h",
            isWritableFolder: { writable.contains($0) },
            fileExists: { _ in false }
        )
        let places = Places(surroundings: machine, stateDirectoryFlag: flag)
        return (places.stateFolder?.path, places.adminSocket?.path)
    }

    @Test func theStateFolderIsTheFirstThatOffersItself() {
        var environment = ["HOME": "/home/r", "XDG_STATE_HOME": "/xdg", "STATE_DIRECTORY": "/s1:/s2"]
        let lib: Set = ["/var/lib/moltrelay"]
        #expect(places(environment, writable: lib, flag: "/flag").state == "/flag")
        #expect(places(environment, writable: lib).state == "/s1")
        environment["STATE_DIRECTORY"] = nil
        #expect(places(environment, writable: lib).state == "/var/lib/moltrelay")
        #expect(places(environment).state == "/xdg/moltrelay")
        environment["XDG_STATE_HOME"] = "relative"
        #expect(places(environment).state == "/home/r/.local/state/moltrelay")
        #expect(places([:]).state == nil)
    }

    @Test func theAdminSocketIsTheFirstThatOffersItself() {
        var environment = ["HOME": "/home/r", "XDG_RUNTIME_DIR": "/xdg", "RUNTIME_DIRECTORY": "/r1:/r2"]
        let run: Set = ["/run/moltrelay"]
        #expect(places(environment, writable: run, flag: "/flag").socket == "/flag/admin.sock")
        #expect(places(environment, writable: run).socket == "/r1/admin.sock")
        environment["RUNTIME_DIRECTORY"] = nil
        #expect(places(environment, writable: run).socket == "/run/moltrelay/admin.sock")
        #expect(places(environment).socket == "/xdg/moltrelay/admin.sock")
        environment["XDG_RUNTIME_DIR"] = nil
        #expect(places(environment).socket == "/home/r/.local/state/moltrelay/admin.sock")
        #expect(places([:]).socket == nil)
    }

    @Test func theDatabaseIsInTheStateFolderUnlessNamed() throws {
        let environment = ["STATE_DIRECTORY": "/s"]
        #expect(loadWithoutFile(environment: environment).configuration.storage.sqlite.path == "/s/relay.db")
        let named = try load("storage: {sqlite: {path: /elsewhere.db}}\n", environment: environment)
        #expect(named.configuration.storage.sqlite.path == "/elsewhere.db")
    }
}
