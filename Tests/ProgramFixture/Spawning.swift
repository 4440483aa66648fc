public import Foundation
import Synchronization

/// Children of this process are made one at a time. Foundation knows a child's end by a descriptor that the child
/// inherits; one that is made meanwhile inherits it too, and where that is a server its end is waited for instead.
public enum Spawning {
    private static let turn = Mutex(())

    public static func withTurn<Value>(_ body: () throws -> sending Value) rethrows -> sending Value {
        try turn.withLock { _ in try body() }
    }
}

extension Process {
    public func runInTurn() throws { try Spawning.withTurn { try run() } }
}
