import Foundation
import NIOHTTP1
import Telemetry
import Testing

@testable import RelayAdmin

extension OverviewDocument {
    static let sample = OverviewDocument(
        at: "2026-11-23T09:30:00.000+00:00",
        status: .sample,
        health: HealthDocument(
            HealthRegistry(latches: [], at: 0) { _ in }.snapshot(at: 0),
            ClockPair(monotonic: 0, wallClock: 0)
        ),
        now: Now(
            seconds: 10,
            rates: rates(449.2, 358.1, 0, 90.1),
            latency: Quantiles(count: 2130, p50: 0.000_608, p95: 0.001_37, p99: 0.004_34),
            stages: [
                Stage(
                    stage: "route",
                    quantiles: Quantiles(count: 2130, p50: 0.000_391, p95: 0.001_15, p99: 0.002_47)
                )
            ]
        ),
        history: History(
            last: 2,
            rates: [rates(448, 351, 0, 97), rates(449.2, 358.1, 0, 90.1)],
            p50: [nil, 0.000_608],
            p99: [nil, 0.004_34],
            connections: [2, 3],
            queued: [12, 0],
            inFlight: [1, 1]
        ),
        totals: Totals(
            slowConsumers: 1,
            redeliveries: 0,
            connectionErrors: 4,
            droppedByReason: ["recipient_offline": 2027]
        ),
        outboxBytes: 0
    )

    private static func rates(_ accepted: Double, _ delivered: Double, _ expired: Double, _ dropped: Double) -> Rates {
        Rates(accepted: accepted, delivered: delivered, expired: expired, dropped: dropped)
    }
}

@Suite struct OverviewDocumentTests {
    @Test func `the document is the one in docs/cli-json.md`() throws {
        let json = try documented("`moltrelay top --json`", in: .commands)[0]
        let shown = try JSONSerialization.jsonObject(with: json) as? NSDictionary
        let answer = AdminResponse.json(.ok, OverviewDocument.sample)
        let encoded = try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
        #expect(encoded.filter { !["status", "health"].contains($0.key) } as NSDictionary == shown)
        #expect(try JSONDecoder().decode(OverviewDocument.self, from: Data(answer.body)) == .sample)
    }

    @Test func `a number that is none is refused`() async throws {
        let route = AdminRoute.overview { number in
            var document = OverviewDocument.sample
            document.history.last = number
            return document
        }
        try await withServer([AdminRoute.overviewPath: route]) { (port: Int) throws in
            let url = "http://127.0.0.1:\(port)/v1/overview"
            #expect(try Curl.get(url).body.contains(#""last":0"#))
            #expect(try Curl.get(url + "?after=17").body.contains(#""last":17"#))
            #expect(try Curl.get(url + "?after=-1").status == 400)
        }
    }
}
