import RelayCore
import RelayStores
import Telemetry

/// What each check makes of what it sees.
extension HealthReport {
    /// A loop that has not turned for this long serves nobody.
    static let maxSilence: MonotonicNanoseconds = .seconds(5)
    /// A volume that does not answer for this long is gone.
    static let maxAnswer: MonotonicNanoseconds = .seconds(5)
    /// Of a volume: less than a twentieth, or 4 GiB of a large one.
    static let leastFree = (share: 0.05, bytes: 4 << 30)
    /// Of a certificate: what renewal takes when nobody is there.
    static let leastCertificateSeconds: Int64 = 14 * 86_400
    /// Of what a queue or the relay has room for.
    static let mostTaken = 0.9

    static func eventLoops(_ loops: [(silence: MonotonicNanoseconds, lag: MonotonicNanoseconds)]) -> HealthReport {
        let silence = loops.map(\.silence).max() ?? 0
        let observed = Observed(Double(silence) / 1e9, unit: "s")
        let lag = loops.map(\.lag).max() ?? 0
        guard let stuck = loops.firstIndex(where: { $0.silence > maxSilence }) else {
            return HealthReport(.pass, latency: lag, observed: observed)
        }
        let reason = "event loop \(stuck) has not turned for \(loops[stuck].silence / .seconds(1)) s"
        return HealthReport(.fail, reason: reason, latency: max(lag, silence), observed: observed)
    }

    /// - Parameters:
    ///   - stalled: how long nothing has become durable though something waits.
    ///   - lastCommit: what the last one took; nil before the first.
    ///   - complaint: what will go wrong though nothing does yet.
    static func store(
        _ health: StoreHealth,
        stalled: MonotonicNanoseconds,
        lastCommit: MonotonicNanoseconds?,
        complaint: String? = nil
    ) -> HealthReport {
        switch health {
        case .failing(let reason, _):
            return HealthReport(.fail, reason: reason, latency: lastCommit)
        case .ok:
            guard stalled > StoreStall.patience else {
                return HealthReport(complaint == nil ? .pass : .warn, reason: complaint, latency: lastCommit)
            }
            let reason = "no commit has ended for \(stalled / .seconds(1)) s"
            return HealthReport(.fail, reason: reason, latency: stalled)
        }
    }

    static func spill(_ spill: SpillStatistics) -> HealthReport {
        let observed = Observed(Double(spill.messages))
        if case .failing(let reason, _) = spill.health {
            return HealthReport(.warn, reason: "the spill: \(reason)", observed: observed)
        }
        guard spill.messages > 0 else { return HealthReport(.pass, observed: observed) }
        let reason = "\(spill.messages) messages wait in the spill until the store takes them"
        return HealthReport(.warn, reason: reason, observed: observed)
    }

    /// - Parameter volumes: nil room where the folder cannot be asked; `waiting` for an answer for so long.
    static func disk(_ volumes: [(name: String, room: VolumeRoom?, waiting: MonotonicNanoseconds)]) -> HealthReport {
        for volume in volumes where volume.waiting > maxAnswer {
            let seconds = volume.waiting / .seconds(1)
            return HealthReport(.warn, reason: "the \(volume.name) volume does not answer for \(seconds) s")
        }
        if let lost = volumes.first(where: { $0.room == nil }) {
            return HealthReport(.warn, reason: "the folder of the \(lost.name) cannot be asked for its room")
        }
        let rooms = volumes.compactMap { volume in volume.room.map { (volume.name, $0) } }
        let tight = rooms.filter { $0.1.isNearlyFull }
        guard let (name, room) = (tight.isEmpty ? rooms : tight).min(by: { $0.1.free < $1.1.free }) else {
            return HealthReport(.pass)
        }
        let observed = Observed(Double(room.free), unit: "bytes")
        guard !tight.isEmpty else { return HealthReport(.pass, observed: observed) }
        let reason = "the \(name) volume has \(room.free) of \(room.total) bytes free"
        return HealthReport(.warn, reason: reason, observed: observed)
    }

    static func queue(_ totals: StoreTotals, maxBytes: Int, maxMessages: Int?) -> HealthReport {
        let observed = Observed(Double(totals.bytes), unit: "bytes")
        if Double(totals.bytes) >= Double(maxBytes) * mostTaken {
            let reason = "\(totals.bytes) bytes are queued, queue.max_total_size_bytes is \(maxBytes)"
            return HealthReport(.warn, reason: reason, observed: observed)
        }
        guard let maxMessages, Double(totals.messages) >= Double(maxMessages) * mostTaken else {
            return HealthReport(.pass, observed: observed)
        }
        let reason = "\(totals.messages) messages are queued, there is room for \(maxMessages)"
        return HealthReport(.warn, reason: reason, observed: observed)
    }

    static func connections(_ open: Int, of most: Int) -> HealthReport {
        let observed = Observed(Double(open))
        guard Double(open) >= Double(most) * mostTaken else { return HealthReport(.pass, observed: observed) }
        return HealthReport(
            .warn,
            reason: "\(open) connections are open, there is room for \(most)",
            observed: observed
        )
    }

    static func accepting(isPaused: Bool) -> HealthReport {
        isPaused
            ? HealthReport(.warn, reason: "file descriptors ran out: agents' sockets wait to be accepted")
            : HealthReport(.pass)
    }

    /// - Parameter ceiling: nil for none.
    static func memory(_ level: MemoryLevel, bytes: Int, ceiling: Int?) -> HealthReport {
        let observed = Observed(Double(bytes), unit: "bytes")
        let refused: String
        switch level {
        case .normal: return HealthReport(.pass, observed: observed)
        case .tight: refused = "new connections are refused"
        case .full: refused = "new connections and messages are refused"
        }
        let reason = "\(bytes) bytes are resident, the limit is \(ceiling ?? 0): \(refused)"
        return HealthReport(.warn, reason: reason, observed: observed)
    }

    static func log(_ loss: LossWatch.Loss?) -> HealthReport {
        switch loss {
        case nil: HealthReport(.pass)
        case .dropped(let records): HealthReport(.warn, reason: "\(records) log records were dropped lately")
        case .refused: HealthReport(.warn, reason: "the log's output refuses what is written")
        }
    }

    static func clock(aheadMilliseconds: Int64) -> HealthReport {
        let ahead = Double(aheadMilliseconds) / 1_000
        let observed = Observed(ahead, unit: "s")
        guard abs(aheadMilliseconds) > SteadyClock.toleranceMilliseconds else {
            return HealthReport(.pass, observed: observed)
        }
        let side = ahead < 0 ? "behind" : "ahead of"
        let reason = "the system clock is \(abs(ahead)) s \(side) the time that messages live by"
        return HealthReport(.warn, reason: reason, observed: observed)
    }

    /// - Parameters:
    ///   - notAfter: seconds since 1970.
    ///   - refusal: of the last reading of its files.
    ///   - renewal: why the authority did not renew it.
    ///   - least: seconds that are left, else it is time to worry.
    static func certificate(
        notAfter: Int64,
        refusal: String?,
        renewal: String? = nil,
        least: Int64 = leastCertificateSeconds,
        now: Int64
    ) -> HealthReport {
        let left = max(0, notAfter - now)
        let observed = Observed(Double(left), unit: "s")
        let cause = renewal.map { ": \($0)" } ?? ""
        guard left > 0 else {
            return HealthReport(.fail, reason: "the certificate has expired\(cause)", observed: observed)
        }
        if left < least {
            let reason = "the certificate expires in \(left / 86_400) days and \(left % 86_400 / 3_600) hours\(cause)"
            return HealthReport(.warn, reason: reason, observed: observed)
        }
        if let renewal {
            let reason = "the certificate was not renewed, the one before stands: \(renewal)"
            return HealthReport(.warn, reason: reason, observed: observed)
        }
        guard let refusal else { return HealthReport(.pass, observed: observed) }
        return HealthReport(
            .warn,
            reason: "the certificate was not reloaded, the one before stands: \(refusal)",
            observed: observed
        )
    }

    /// - Parameter complaint: why the authority issued none; nil while it is asked.
    static func missingCertificate(_ complaint: String?) -> HealthReport {
        HealthReport(.fail, reason: "there is no certificate yet: \(complaint ?? "it is being ordered")")
    }

    static func configuration(isTaken: Bool) -> HealthReport {
        isTaken
            ? HealthReport(.pass)
            : HealthReport(.warn, reason: "the last reload was refused; the configuration before it stands")
    }
}

extension VolumeRoom {
    fileprivate var isNearlyFull: Bool {
        let least = HealthReport.leastFree
        return free < min(Int(Double(total) * least.share), least.bytes)
    }
}

/// Whether commits end, seen from outside: a disk that hangs reports no failure.
struct StoreStall: Sendable {
    static let patience: MonotonicNanoseconds = .seconds(10)

    private var commits = 0
    /// Since when something waits and no commit has ended.
    private var since: MonotonicNanoseconds?

    /// - Returns: for how long.
    mutating func looked(commits: Int, waitingBytes: Int, at now: MonotonicNanoseconds) -> MonotonicNanoseconds {
        defer { self.commits = commits }
        guard waitingBytes > 0, commits == self.commits else {
            since = waitingBytes > 0 ? now : nil
            return 0
        }
        let began = since ?? now
        since = began
        return now - min(now, began)
    }
}

/// Whether the log loses anything between two looks.
struct LossWatch: Sendable {
    enum Loss: Sendable, Equatable {
        case dropped(UInt64)
        case refused
    }

    static let looksOfAMinute = 120

    private var dropped: UInt64 = 0
    private var failed: UInt64 = 0

    mutating func looked(dropped: UInt64, failed: UInt64) -> Loss? {
        defer { (self.dropped, self.failed) = (dropped, failed) }
        if dropped > self.dropped { return .dropped(dropped - self.dropped) }
        return failed > self.failed ? .refused : nil
    }
}
