import RelayCore
import WireProtocol

/// A key in one place, for binding its parts without a copy each.
final class KeyBytes {
    private let base = UnsafeMutableRawPointer.allocate(byteCount: 80, alignment: 8)

    deinit { base.deallocate() }

    /// As the first three parameters: recipient, sender, id.
    func bind(_ key: MessageKey, to statement: SQLiteStatement) {
        key.recipient.write(to: base)
        key.sender.write(to: base + 32)
        key.id.write(to: base + 64)
        statement.bind(UnsafeRawBufferPointer(start: base, count: AgentHash.byteCount), at: 1)
        statement.bind(UnsafeRawBufferPointer(start: base + 32, count: AgentHash.byteCount), at: 2)
        statement.bind(UnsafeRawBufferPointer(start: base + 64, count: MessageID.byteCount), at: 3)
    }
}
