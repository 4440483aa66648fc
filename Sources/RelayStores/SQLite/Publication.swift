import CSQLite
import RelayCore
import Synchronization

/// What the threads of a store tell everyone else.
final class Publication: Sendable {
    private struct State {
        var totals = StoreTotals()
        var statistics = SQLiteStatistics()
        var writerHealth = StoreHealth.ok
        var readerHealth = StoreHealth.ok
    }

    enum Side { case writer, reader }

    private let state = Mutex(State())

    var totals: StoreTotals {
        get { state.withLock { $0.totals } }
        set { state.withLock { $0.totals = newValue } }
    }

    var statistics: SQLiteStatistics { state.withLock { $0.statistics } }

    var health: StoreHealth { state.withLock { $0.writerHealth == .ok ? $0.readerHealth : $0.writerHealth } }

    func count(_ change: (inout SQLiteStatistics) -> Void) { state.withLock { change(&$0.statistics) } }

    func succeeded(_ side: Side) {
        state.withLock { state in
            switch side {
            case .writer: state.writerHealth = .ok
            case .reader: state.readerHealth = .ok
            }
        }
    }

    func failed(_ side: Side, _ error: SQLiteError, at now: MonotonicNanoseconds) {
        state.withLock { state in
            state.statistics.failures[error.kind, default: 0] += 1
            switch side {
            case .writer: state.writerHealth.fail(error.message, at: now)
            case .reader: state.readerHealth.fail(error.message, at: now)
            }
        }
    }
}

extension SQLiteError {
    var kind: SQLiteFailureKind {
        switch primaryCode {
        case SQLITE_FULL: .diskFull
        case SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PROTOCOL: .inputOutput
        case SQLITE_BUSY, SQLITE_LOCKED: .busy
        case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
        default: .other
        }
    }

    func work(began: MonotonicNanoseconds, ended: MonotonicNanoseconds, operations: Int) -> StoreWork {
        StoreWork(
            .sqlite,
            began: began,
            ended: ended,
            operations: operations,
            failure: failure,
            code: kind.rawValue
        )
    }

    var failure: StoreFailure { kind == .diskFull ? .diskFull : .unavailable(reason: message) }
}
