import Glibc
import Testing

extension EndToEnd {
    /// An ACK to the sender means that one crash loses nothing. The recipients are away, or connected and silent:
    /// what a recipient acknowledges at once is never written, and would prove nothing.
    @Suite struct CrashTests {
        private func killUnderLoad(in folder: RelayFolder, round: Int) async throws -> Promised {
            let relay = try await Relay.start(in: folder)
            let silent = try await PythonAgent.connected("silent", to: relay)
            let stuck = try await PythonAgent.connected("stuck", to: relay, ["receive_buffer": 4096])
            try await stuck.tell("pause")
            let sender = try await PythonAgent.connected("sender", to: relay)
            try await sender.tell(
                "flood",
                [
                    "to": ["away", "silent", "stuck"], "size": 2048, "window": 200,
                    "until_acked": .number(Double(150 * round)),
                ]
            )
            #expect(await relay.stop(with: SIGKILL) == .signal(SIGKILL))
            let result = try await sender.tell("flood_lost")
            _ = try await silent.tell("end")
            return Promised(result.json)
        }

        @Test func fiveRoundsOfKillLoseNothingAcknowledged() async throws {
            let folder = try RelayFolder()
            var promised = Promised()
            for round in 1...5 {
                promised.add(try await killUnderLoad(in: folder, round: round))
            }
            #expect(promised.ids.values.allSatisfy { $0.count >= 500 }, "\(promised.ids.mapValues(\.count))")

            let relay = try await Relay.start(in: folder)
            #expect(try await promised.missing(at: relay, patience: 10) == [])
            let scrape = try await relay.scrape { try Ledger($0).isBalanced }
            let ledger = try Ledger(scrape)
            #expect(ledger.isBalanced, "\(ledger)")
            #expect(ledger.recovered > 0)
        }

        /// The check above is worth something only if it sees a loss.
        @Test func aStoreThatForgetsIsCaught() async throws {
            let folder = try RelayFolder()
            let promised = try await killUnderLoad(in: folder, round: 1)
            let forgotten = try await Programs.run(
                "sqlite3",
                [folder.database, "DELETE FROM queue WHERE sequence % 10 = 0; SELECT changes()"]
            )
            let count = try #require(forgotten.lines.first.flatMap { Int($0) }, "\(forgotten.text)")
            #expect(count > 0)
            let relay = try await Relay.start(in: folder)
            #expect(try await !promised.missing(at: relay, patience: 2).isEmpty)
        }
    }
}
