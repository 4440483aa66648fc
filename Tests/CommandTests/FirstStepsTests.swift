import RelayAdmin
import Testing

@testable import moltrelay

@Suite struct FirstStepsTests {
    private let listeners = [
        StatusDocument.Listener(name: "websocket", address: "127.0.0.1:4711", tls: false),
        StatusDocument.Listener(name: "metrics", address: "127.0.0.1:4712", tls: false),
        StatusDocument.Listener(name: "admin", address: "/home/jo's relay/admin.sock", tls: false),
    ]

    @Test func namesTheRealAddressesInCommandsAShellTakes() {
        let text = FirstSteps(program: ".build/release/moltrelay", listeners: listeners).text
        let relay = "--relay ws://127.0.0.1:4711/v1/connect"
        #expect(text.contains("  .build/release/moltrelay send \(relay) --agent-id alice --to bob 'hello bob'\n"))
        #expect(text.contains("  .build/release/moltrelay listen \(relay) --agent-id bob --count 1\n"))
        #expect(text.contains("  curl -s http://127.0.0.1:4712/metrics | grep '^moltrelay_messages_'\n"))
        #expect(text.contains(#"  .build/release/moltrelay status --socket '/home/jo'\''s relay/admin.sock'"#))
    }

    @Test func offersNoMetricsWhereThereAreNone() {
        let text = FirstSteps(program: "moltrelay", listeners: listeners.filter { $0.name != "metrics" }).text
        #expect(text.contains("moltrelay send"))
        #expect(!text.contains("curl") && !text.contains("health"))
    }
}
