import Foundation
import Testing

extension EndToEnd {
    /// The shell blocks of the README, word for word but for the addresses and the binary, which are this test's.
    @Suite struct ReadmeTests {
        private static let fence = "```"

        private func script(for relay: Relay) throws -> String {
            let readme = try String(contentsOfFile: Programs.repository + "/README.md", encoding: .utf8)
            let blocks = readme.components(separatedBy: Self.fence + "sh\n").dropFirst()
                .compactMap { $0.components(separatedBy: Self.fence).first }
            // The commands talk to the default address; a shell function gives them this relay's.
            let address = "moltrelay() { command moltrelay \"$1\" --relay '\(relay.url)' \"${@:2}\"; }\n"
            let folder = URL(filePath: Programs.relay).deletingLastPathComponent().path
            return address
                + blocks.joined()
                .replacingOccurrences(of: "$PWD/.build/release", with: folder)
                .replacingOccurrences(of: "127.0.0.1:9090", with: relay.metrics)
        }

        @Test func itsCommandsDoWhatItSays() async throws {
            let relay = try await Relay.start()
            let run = try await Programs.shell(
                "cd '\(Programs.repository)'\n" + script(for: relay),
                environment: ["HOME": relay.folder.path]
            )
            #expect(run.ending == .exit(0), "\(run.text)")
            #expect(run.lines.contains { $0.hasPrefix("queued ") })
            #expect(run.lines.contains("hello bob"))
            #expect(run.lines.contains("moltrelay_messages_total 2"))
            #expect(run.lines.contains(#"moltrelay_messages_dropped_total{reason="recipient_offline"} 1"#))
            #expect(run.lines.contains("[+]store ok"))
        }
    }
}
