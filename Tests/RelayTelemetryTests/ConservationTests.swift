import Foundation
import RelayCore
import RelayTelemetry
import Testing
import WireProtocol

@Suite struct ConservationTests {
    private static let none = MessageTimeline(received: 0)

    /// Ten accepted and three recovered: five delivered, two expired, three dropped, one in flight, two queued.
    private func recorded(queued: Int) throws -> ObservedRelay {
        let relay = try ObservedRelay()
        for index in 0..<10 {
            let mode = DeliveryMode.allCases[index % 3]
            relay.state([.accepted(.example, mode: mode, bytes: 100 * index)], loop: index % 2)
        }
        let fates: [MessageFate] =
            Array(repeating: .delivered, count: 5) + [.expired, .expired]
            + [.dropped(.recipientOffline), .dropped(.outboxFull), .dropped(.duplicate)]
        for (index, fate) in fates.enumerated() {
            relay.state(
                [.settled(.example, Self.none, mode: .atLeastOnce, fate: fate, queued: false, attempts: 0)],
                loop: (index + 1) % 2
            )
        }
        var loops = RelayReadings.Loops()
        loops.messagesInFlight = 1
        relay.set(loops)
        relay.set(StoreTotals(messages: queued, bytes: 700, recovered: 3))
        return relay
    }

    @Test func promQLFindsNothingLeftOver() throws {
        #expect(try leftOver(recorded(queued: 2), expected: 0))
    }

    @Test func promQLFindsAMessageThatIsMissing() throws {
        #expect(try leftOver(recorded(queued: 1), expected: 1))
        #expect(try !leftOver(recorded(queued: 1), expected: 0))
    }

    @Test func partsSumToTheWhole() throws {
        let samples = try recorded(queued: 2).samples()
        func sum(_ name: String) -> Double { samples.filter { $0.key.hasPrefix(name + "{") }.values.reduce(0, +) }
        #expect(sum("moltrelay_messages_accepted_total") == samples["moltrelay_messages_total"])
        #expect(
            sum("moltrelay_messages_dropped_total")
                == samples[#"moltrelay_messages_settled_total{fate="dropped"}"#]
        )
    }

    /// Has a Prometheus evaluate the published expression over what a scrape of `relay` says.
    private func leftOver(_ relay: ObservedRelay, expected: Int) throws -> Bool {
        let series = relay.samples().filter { sample in
            ["moltrelay_messages", "moltrelay_queue_depth", "moltrelay_store_corrupt", "moltrelay_spill_duplicates"]
                .contains {
                    sample.key.hasPrefix($0)
                }
        }
        let inputs = series.map { name, value in
            let labelled =
                name.hasSuffix("}") ? "\(name.dropLast()),instance=\"a\"}" : "\(name){instance=\"a\"}"
            return "      - {series: '\(labelled)', values: '\(Int(value))'}"
        }
        let expression = RelayCatalogue.conservation.split(separator: "\n").joined(separator: " ")
        let test = """
            tests:
              - interval: 1m
                input_series:
            \(inputs.sorted().joined(separator: "\n"))
                promql_expr_test:
                  - expr: \(expression)
                    eval_time: 0m
                    exp_samples: [{labels: '{instance="a"}', value: \(expected)}]

            """
        return try Promtool.testRules(test)
    }
}
