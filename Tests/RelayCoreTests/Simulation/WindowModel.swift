import RelayCore
import Testing
import WireProtocol

/// The least that is in flight to each agent, as seen from outside: what came on a connection that is still open, was
/// never acknowledged, and came too lately to have been given up.
struct WindowModel {
    private struct Arrival {
        let connection: ObjectIdentifier
        let time: MonotonicNanoseconds
        let bytes: Int
    }

    /// Of an envelope in a schedule.
    static let maxEnvelopeBytes = 300
    private static let maxMessageBytes = RoutingHeader.byteCount + maxEnvelopeBytes

    private let settings: RelaySettings
    /// By agent and number.
    private var arrivals: [Int: [Int: Arrival]] = [:]

    init(settings: RelaySettings) { self.settings = settings }

    /// A message whose time is short may be expired, and one that was acknowledged come again, without a place in the
    /// window; neither is to be told here.
    mutating func arrived(_ message: SentMessage, on connection: SimulatedConnection, at now: MonotonicNanoseconds) {
        arrivals[message.recipient, default: [:]][message.number] = Arrival(
            connection: ObjectIdentifier(connection),
            time: now,
            bytes: RoutingHeader.byteCount + message.bytes
        )
        expectRoom(for: message.recipient, at: now)
    }

    mutating func acknowledged(_ numbers: [Int], by agent: Int) {
        for number in numbers { arrivals[agent]?[number] = nil }
    }

    mutating func closed(_ connection: SimulatedConnection) {
        let closed = ObjectIdentifier(connection)
        arrivals[connection.agent] = arrivals[connection.agent]?.filter { $0.value.connection != closed }
    }

    mutating func relayCrashed() { arrivals = [:] }

    /// The bounds of `RelaySettings`. A page of the queue holds one message even where no byte of the window is left.
    private func expectRoom(for agent: Int, at now: MonotonicNanoseconds) {
        let inFlight = (arrivals[agent] ?? [:]).values.filter { now < $0.time + settings.redeliverAfter }
        #expect(inFlight.count <= settings.maxInFlightMessages, "past the window of \(agent)")
        let bytes = inFlight.reduce(0) { $0 + $1.bytes }
        #expect(bytes < settings.maxInFlightBytes + Self.maxMessageBytes, "past the bytes of the window of \(agent)")
    }
}
