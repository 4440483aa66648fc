import Foundation
import RelayAdmin
import RelayTLS
import Telemetry

/// What to paste into a second terminal, for whoever starts a relay by hand.
struct FirstSteps {
    private static let defaultWebSocket = "127.0.0.1:8443"

    /// The word that started this relay.
    let program: String
    /// host:port by the listener's name.
    let addresses: [String: String]
    /// What agents see where they connect with TLS.
    private let certificate: ServerCertificate?

    /// nil where the log is JSON and nobody watches, and where an agent needs more than its name to be let in.
    init?(_ relay: RunningRelay) {
        let configuration = relay.configuration
        guard configuration.logging.format == .text || isatty(STDERR_FILENO) == 1 else { return nil }
        guard configuration.auth.allowAnonymous || !configuration.auth.requireAuth else { return nil }
        // Nobody gets in before an authority has issued the first certificate.
        let certificate = relay.certificate?.tls.certificates.first
        guard relay.certificate == nil || certificate != nil else { return nil }
        program = CommandLine.arguments.first ?? "moltrelay"
        addresses = Dictionary(relay.listeners.map { ($0.name, Self.reachable($0.address)) }) { first, _ in first }
        self.certificate = certificate
    }

    var text: String {
        let relay = addresses["websocket"].map(relayOptions)
        var lines = [
            "Be two agents, each in a terminal of its own, and see what became of their messages:",
            "  \(program) listen\(relay ?? "") --agent-id bob",
            "  \(program) send\(relay ?? "") --to bob hello",
        ]
        if let admin = addresses["admin"] { lines.append("  \(program) status --socket '\(admin)'") }
        if let metrics = addresses["metrics"] { lines.append("  curl http://\(metrics)/metrics") }
        if let http = addresses["http"] { lines.append("Or look at it in a browser: http://\(http)/ui") }
        return lines.joined(separator: "\n")
    }

    private func relayOptions(_ address: String) -> String {
        guard let certificate else {
            return address == Self.defaultWebSocket ? "" : " --relay ws://\(address)/v1/connect"
        }
        let trust = certificate.isSelfSigned ? " --ca-file '\(certificate.files.certificate)'" : ""
        return " --relay wss://\(Self.named(address, by: certificate))/v1/connect" + trust
    }

    /// By a name that the certificate has, or nobody would believe it.
    private static func named(_ address: String, by certificate: ServerCertificate) -> String {
        guard let colon = address.lastIndex(of: ":") else { return address }
        let host = address[..<colon].trimmingCharacters(in: ["[", "]"])
        let name = certificate.names.contains(host) ? nil : certificate.names.first { !$0.hasPrefix("*") }
        return (name ?? String(address[..<colon])) + address[colon...]
    }

    /// On standard error, behind what was logged so far.
    func tell(after log: LogBackend) {
        log.flush(within: .milliseconds(200))
        // A closed terminal is no reason to end.
        try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
    }

    /// From this machine: nobody connects to the address of all addresses.
    private static func reachable(_ address: String) -> String {
        for any in ["0.0.0.0:", "[::]:"] where address.hasPrefix(any) {
            return "127.0.0.1:" + address.dropFirst(any.count)
        }
        return address
    }
}
