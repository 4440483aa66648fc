import Foundation
import Synchronization

/// Threads of their own, at once; `DispatchQueue.concurrentPerform` runs no more of them than there are cores.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let running = DispatchGroup()
    for index in 0..<count {
        running.enter()
        Thread.detachNewThread {
            body(index)
            running.leave()
        }
    }
    running.wait()
}

/// Writers that are still at work.
final class Countdown: Sendable {
    private let left: Atomic<Int>

    init(_ count: Int) { left = Atomic(count) }

    func countDown() { left.subtract(1, ordering: .releasing) }
    var isRunning: Bool { left.load(ordering: .acquiring) > 0 }
}

final class Tally: Sendable {
    private let count = Atomic<Int>(0)

    func add(_ amount: Int) { count.add(amount, ordering: .relaxed) }
    var value: Int { count.load(ordering: .relaxed) }
}
