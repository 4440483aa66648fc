import Synchronization
import WireProtocol

/// What a listener gives each new connection; a reload changes it for those that come later.
final class ListenerSettings: Sendable {
    private let state: Mutex<(session: SessionConfiguration, limits: TransportLimits)>

    init(_ session: SessionConfiguration, _ limits: TransportLimits) { state = Mutex((session, limits)) }

    var current: (session: SessionConfiguration, limits: TransportLimits) { state.withLock { $0 } }

    func replace(_ session: SessionConfiguration, _ limits: TransportLimits) {
        state.withLock { $0 = (session, limits) }
    }
}
