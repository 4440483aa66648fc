import RelayAdmin
import RelayTelemetry
import Testing

@Suite struct HTTPFaultTests {
    /// The listeners and the catalogue do not know each other.
    @Test func everyFaultOfTheListenersIsCounted() {
        #expect(HTTPFault.allCases.map(\.rawValue) == RelayCatalogue.httpFaults)
    }
}
