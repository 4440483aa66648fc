import Compression
import DequeModule
import NIOCore
import WireProtocol

/// The large envelopes of one outbox that are converted off the event loop. Each has a ticket, which stands for it in
/// its lane, so that what follows it there waits.
struct ConversionQueue {
    /// What is converted, or is being, and not yet written. One more may always begin: else a large one never could.
    static let maxBytes = 1 << 20

    struct Job: Sendable {
        let ticket: UInt64
        let flags: FrameFlags
        let payload: ByteBuffer
        let conversion: Conversion
        let record: WriteRecord
        let sender: ConnectionRef?
        /// Most that it takes: what goes in, and what may come out.
        let bytes: Int

        func run(with codec: Codec) -> Result<(FrameFlags, ByteBuffer), CompressionFlaw> {
            do throws(CompressionFlaw) {
                let (flags, converted) = try conversion.convert(flags, payload, with: codec)
                // A compressed one lies in a buffer of the original's size.
                return .success((flags, ByteBuffer(bytes: converted.readableBytesView)))
            } catch {
                return .failure(error)
            }
        }
    }

    fileprivate enum State {
        case waiting(bytes: Int)
        case underWay(bytes: Int)
        case converted(FrameFlags, ByteBuffer)
        case failed
    }

    private var states: [UInt64: State] = [:]
    private var waiting: [Deque<Job>] = []
    private var nextTicket: UInt64 = 0
    private var startedBytes = 0
    private(set) var waitingCount = 0
    /// What all of it is charged.
    private(set) var byteCount = 0

    var isEmpty: Bool { states.isEmpty }

    mutating func append(_ message: OutboxMessage, _ conversion: Conversion) -> UInt64 {
        nextTicket += 1
        let size = message.payload.readableBytes
        let original = Conversion.head(message.flags, message.payload)?.originalSize ?? size
        let job = Job(
            ticket: nextTicket,
            flags: message.flags,
            payload: message.payload,
            conversion: conversion,
            record: message.record,
            sender: message.sender,
            bytes: size + original
        )
        if waiting.isEmpty { waiting = Lane.allCases.map { _ in [] } }
        waiting[Int(message.lane.rawValue)].append(job)
        waitingCount += 1
        set(.waiting(bytes: size), nextTicket)
        return nextTicket
    }

    /// The most urgent that may begin: nil where there is none, or what was begun is still to be written.
    mutating func start() -> Job? {
        guard waitingCount > 0, startedBytes < Self.maxBytes else { return nil }
        guard let lane = waiting.firstIndex(where: { !$0.isEmpty }), let job = waiting[lane].popFirst() else {
            return nil
        }
        waitingCount -= 1
        set(.underWay(bytes: job.bytes), job.ticket)
        return job
    }

    /// - Returns: false for a ticket that is gone.
    mutating func finish(_ ticket: UInt64, _ result: Result<(FrameFlags, ByteBuffer), CompressionFlaw>) -> Bool {
        guard states[ticket] != nil else { return false }
        switch result {
        case .success(let (flags, payload)): set(.converted(flags, payload), ticket)
        case .failure: set(.failed, ticket)
        }
        return true
    }

    func isDone(_ ticket: UInt64) -> Bool {
        switch states[ticket] {
        case .waiting, .underWay: false
        case .converted, .failed, nil: true
        }
    }

    func hasFailed(_ ticket: UInt64) -> Bool { if case .failed = states[ticket] { true } else { false } }

    /// nil where it could not be converted.
    mutating func take(_ ticket: UInt64) -> (flags: FrameFlags, payload: ByteBuffer)? {
        defer { set(nil, ticket) }
        guard case .converted(let flags, let payload) = states[ticket] else { return nil }
        return (flags, payload)
    }

    private mutating func set(_ new: State?, _ ticket: UInt64) {
        let old = states[ticket]
        states[ticket] = new
        byteCount += (new?.bytes ?? 0) - (old?.bytes ?? 0)
        startedBytes += (new?.startedBytes ?? 0) - (old?.startedBytes ?? 0)
    }
}

extension ConversionQueue.State {
    fileprivate var bytes: Int {
        switch self {
        case .waiting(let bytes), .underWay(let bytes): bytes
        case .converted(_, let payload): payload.readableBytes
        case .failed: 0
        }
    }

    fileprivate var startedBytes: Int {
        if case .waiting = self { 0 } else { bytes }
    }
}
