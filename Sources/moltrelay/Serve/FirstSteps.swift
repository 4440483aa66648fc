import RelayAdmin

/// What `serve --first-steps` tells a newcomer once the relay runs: its addresses, and what to type in another terminal.
struct FirstSteps {
    /// How the commands are called: as this process was.
    let program: String
    let listeners: [StatusDocument.Listener]

    /// Empty where a listener is missing: the commands would not work.
    var text: String {
        guard let agents = address("websocket"), let admin = address("admin") else { return "" }
        let relay = "ws://\(agents)/v1/connect"
        let program = quoted(program)
        let lines = [
            "", "agents   \(relay)",
            address("metrics").map { "metrics  http://\($0)/metrics" },
            address("metrics").map { "health   http://\($0)/health/ready" },
            "", "Be two agents in another terminal:", "",
            "  \(program) send --relay \(relay) --agent-id alice --to bob 'hello bob'",
            "  \(program) listen --relay \(relay) --agent-id bob --count 1",
            address("metrics").map { "  curl -s http://\($0)/metrics | grep '^moltrelay_messages_'" },
            "  \(program) status --socket \(quoted(admin))", "",
        ]
        return lines.compactMap { $0 }.joined(separator: "\n") + "\n"
    }

    private func address(_ name: String) -> String? { listeners.first { $0.name == name }?.address }

    /// As a shell reads it back.
    private func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return isPlain
            ? text
            : "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }
}
