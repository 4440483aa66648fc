import Testing

@testable import Postgres

@Suite struct ReconnectionTests {
    @Test func everyHostIsTriedBeforeAPause() {
        var reconnection = Reconnection(hosts: 3)
        var seen = [reconnection.host]
        for pause in [nil, nil, Duration.milliseconds(100), nil, nil, .milliseconds(200)] {
            #expect(reconnection.failed(chance: 0) == pause)
            seen.append(reconnection.host)
        }
        #expect(seen == [0, 1, 2, 0, 1, 2, 0])
    }

    @Test func pausesGrowToFiveSecondsAndBeginAnew() {
        var reconnection = Reconnection(hosts: 1)
        let pauses = (0..<8).map { _ in reconnection.failed(chance: 0) }
        #expect(pauses == [100, 200, 400, 800, 1600, 3200, 5000, 5000].map { .milliseconds($0) })
        #expect(reconnection.failed(chance: 0.5) == .milliseconds(3750))
        reconnection.succeeded()
        #expect(reconnection.failed(chance: 0) == .milliseconds(100))
    }
}
