import Dispatch
import Glibc
import Synchronization

/// Every line a child has written so far, and those who wait for the next.
final class LineLog: Sendable {
    private struct State {
        var lines: [String] = []
        var ended = false
        var waiters: [(from: Int, wanted: @Sendable (String) -> Bool, found: Pending<String?>)] = []
    }

    private let state = Mutex(State())

    var lines: [String] { state.withLock { $0.lines } }

    /// Takes over `descriptor` and reads it to its end on a thread of its own.
    func read(from descriptor: Int32) {
        DispatchQueue(label: "read \(descriptor)").async { [self] in
            var rest: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = Glibc.read(descriptor, &buffer, buffer.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { break }
                rest += buffer[..<count]
                while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    append(String(decoding: rest[..<newline], as: UTF8.self))
                    rest.removeSubrange(...newline)
                }
            }
            close(descriptor)
            if !rest.isEmpty { append(String(decoding: rest, as: UTF8.self)) }
            finish()
        }
    }

    /// Takes over the socket until it is shut down: each datagram is one line.
    func readDatagrams(from descriptor: Int32) {
        DispatchQueue(label: "receive \(descriptor)").async { [self] in
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { break }
                append(String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n").joined(separator: " "))
            }
            close(descriptor)
            finish()
        }
    }

    private func append(_ line: String) {
        state.withLock { state in
            state.lines.append(line)
            let index = state.lines.count - 1
            state.waiters.removeAll { waiter in
                guard index >= waiter.from, waiter.wanted(line) else { return false }
                waiter.found.resolve(with: line)
                return true
            }
        }
    }

    private func finish() {
        state.withLock { state in
            state.ended = true
            for waiter in state.waiters { waiter.found.resolve(with: nil) }
            state.waiters = []
        }
    }

    func first(from index: Int, where wanted: @escaping @Sendable (String) -> Bool) async -> String? {
        let found = Pending<String?>()
        state.withLock { state in
            if let line = state.lines.dropFirst(index).first(where: wanted) {
                found.resolve(with: line)
            } else if state.ended {
                found.resolve(with: nil)
            } else {
                state.waiters.append((index, wanted, found))
            }
        }
        return await found.value()
    }
}

/// A value that arrives once.
final class Pending<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var waiters: [CheckedContinuation<Value, Never>] = []
    }

    private let state = Mutex(State())

    func resolve(with value: Value) {
        let waiters = state.withLock { state in
            state.value = value
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: value) }
    }

    func value() async -> Value {
        await withCheckedContinuation { continuation in
            let value = state.withLock { state in
                if state.value == nil { state.waiters.append(continuation) }
                return state.value
            }
            if let value { continuation.resume(returning: value) }
        }
    }
}
