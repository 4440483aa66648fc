import Glibc
import RelayFixture
import Testing

extension EndToEnd {
    /// An ACK to the sender means that one crash loses nothing. The recipients are away, or connected and silent:
    /// what a recipient acknowledges at once is never written, and would prove nothing.
    @Suite struct CrashTests {
        /// When a relay under load is killed.
        enum Moment: CustomStringConvertible {
            case acknowledged(Int)
            case elapsed(milliseconds: Int)
            /// At the entry of the nth call of this name that a thread makes, before it has any effect.
            case call(String, Int)
            /// Before it serves anyone.
            case starting(milliseconds: Int)

            static func any(using numbers: inout SeededNumbers) -> Moment {
                switch Int.random(in: 0..<6, using: &numbers) {
                case 0: .acknowledged(.random(in: 0...500, using: &numbers))
                case 1, 2: .elapsed(milliseconds: .random(in: 0...400, using: &numbers))
                case 3: .call("pwrite64", .random(in: 1...300, using: &numbers))
                case 4: .call("fdatasync", .random(in: 1...40, using: &numbers))
                default: .starting(milliseconds: .random(in: 0...150, using: &numbers))
                }
            }

            var description: String {
                switch self {
                case .acknowledged(let count): "after \(count) ACKs"
                case .elapsed(let milliseconds): "after \(milliseconds) ms of load"
                case .call(let name, let count): "at \(name) \(count)"
                case .starting(let milliseconds): "\(milliseconds) ms after its start"
                }
            }
        }

        /// Those who live through the relay's deaths.
        private struct Agents {
            let silent, stuck, sender: PythonAgent

            init() throws {
                silent = try PythonAgent("silent")
                stuck = try PythonAgent("stuck")
                sender = try PythonAgent("sender")
            }

            func connect(to relay: Relay) async throws {
                try await silent.connect(to: relay)
                try await stuck.connect(to: relay, ["receive_buffer": 4096])
                try await stuck.tell("pause")
                try await sender.connect(to: relay)
            }

            func flood(untilAcknowledged count: Int) async throws {
                let fields: [String: JSON] = ["to": ["away", "silent", "stuck"], "size": 2048, "window": 200]
                // The relay may be gone before so many.
                _ = try await sender.tell(
                    "flood",
                    fields.merging(["until_acked": .number(Double(count))]) { $1 }
                )
            }
        }

        private func kill(at moment: Moment, in folder: RelayFolder, _ agents: Agents) async throws -> Promised {
            if case .starting(let milliseconds) = moment {
                let process = try Relay.launch(in: folder)
                try await Self.kill(process, after: milliseconds)
                #expect(await process.end() == .signal(SIGKILL))
                return Promised()
            }
            let relay = try await Relay.start(in: folder)
            try await agents.connect(to: relay)
            switch moment {
            case .acknowledged(let count): try await agents.flood(untilAcknowledged: count)
            case .elapsed(let milliseconds):
                try await agents.flood(untilAcknowledged: 0)
                try await Self.kill(relay.process, after: milliseconds)
            case .call(let name, let count):
                let death = ["-e", "trace=\(name)", "-e", "inject=\(name):signal=KILL:when=\(count)"]
                let tracer = try await Tracer(["-f", "-p", "\(relay.process.pid)"] + death)
                try await agents.flood(untilAcknowledged: .max / 2)
                _ = await relay.process.end()
                await tracer.letGo()
            case .starting: break
            }
            #expect(await relay.stop(with: SIGKILL) == .signal(SIGKILL))
            let result = try await agents.sender.tell("flood_lost")
            _ = try await agents.silent.tell("end")
            return Promised(result.json)
        }

        /// From outside, as whatever kills a relay.
        private static func kill(_ process: ChildProcess, after milliseconds: Int) async throws {
            let script = "sleep \(Double(milliseconds) / 1000); kill -KILL \(process.pid)"
            #expect(try await Programs.shell(script).ending == .exit(0))
        }

        /// Five kills of one store, then everybody gets what was promised. `CRASH_ROUNDS` kills in all.
        @Test(arguments: Array(stride(from: 0, to: CrashRounds.count, by: 5)))
        func killsLoseNothingAcknowledged(from first: Int) async throws {
            let seed = CrashRounds.seed + first
            var numbers = SeededNumbers(seed: seed)
            let folder = try RelayFolder()
            let agents = try Agents()
            var promised = Promised()
            for round in first..<min(first + 5, CrashRounds.count) {
                let moment = Moment.any(using: &numbers)
                let more = try await kill(at: moment, in: folder, agents)
                print("crash round \(round), CRASH_SEED=\(CrashRounds.seed): killed \(moment), \(more.count) promised")
                promised.add(more)
            }
            // The moments may all have come too early for a promise.
            promised.add(try await kill(at: .acknowledged(300), in: folder, agents))

            let relay = try await Relay.start(in: folder)
            let context = "CRASH_SEED=\(CrashRounds.seed), from round \(first)"
            #expect(try await promised.missing(at: relay, patience: 10) == [], "\(context)")
            let ledger = try Ledger(await relay.scrape { try Ledger($0).isBalanced })
            #expect(ledger.isBalanced, "\(context): \(ledger)")
            #expect(ledger.recovered >= 300, "\(context)")
        }

        /// The check above is worth something only if it sees a loss.
        @Test func aStoreThatForgetsIsCaught() async throws {
            let folder = try RelayFolder()
            let promised = try await kill(at: .acknowledged(150), in: folder, Agents())
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
