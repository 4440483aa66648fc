import RelayCore
import WireProtocol

struct SentMessage {
    let number: Int
    let sender, recipient: Int
    let mode: DeliveryMode
    let priority: UInt8
    let ttl: UInt16
    let bytes: Int
    /// The connection of each attempt.
    var attempts: [SimulatedConnection] = []
    var lastAttemptAt: MonotonicNanoseconds = 0

    var isPromised: Bool { attempts.contains { $0.acks.contains { $0.number == number } } }
    /// Its time is long: whoever was promised it must find it.
    var isLasting: Bool { mode != .bestEffort && ttl == 0 }
}
