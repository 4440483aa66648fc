import Compression
import DequeModule
import NIOCore
import Synchronization
import WireProtocol

/// What this loop has under way on other threads, and whose turn is next.
struct Converting {
    var bytes = 0
    var waiting: Deque<ConnectionRef> = []
}

extension Relay {
    /// After its outbox was worked on: begins what may begin off the loop, and ends what cannot be read.
    func convert(for connection: Connection) {
        if connection.outbox.hasUnreadable { settleUnreadable(of: connection) }
        if connection.outbox.hasWaitingConversions { startConversions(of: connection) }
    }

    private func startConversions(of connection: Connection) {
        while mayConvert {
            guard let job = withOutbox(connection, { $0.startConversion() }) else { return }
            start(job, for: connection.ref)
        }
        guard connection.outbox.hasWaitingConversions, !connection.waitsToConvert else { return }
        connection.waitsToConvert = true
        converting.waiting.append(connection.ref)
        note(.conversionWaited)
    }

    private var mayConvert: Bool { converting.bytes < settings.conversionMaxBytes }

    private func start(_ job: ConversionQueue.Job, for ref: ConnectionRef) {
        converting.bytes += job.bytes
        let port = port
        port.offload {
            let (result, work) = WorkerCodecs.shared.lend { codec in (job.run(with: codec), codec.takeWork()) }
            port.perform { $0.converted(job, result, work, for: ref) }
        }
    }

    private func converted(
        _ job: ConversionQueue.Job,
        _ result: Result<(FrameFlags, ByteBuffer), CompressionFlaw>,
        _ work: [CompressionWork],
        for ref: ConnectionRef
    ) {
        converting.bytes -= job.bytes
        for each in work { note(.compressed(each)) }
        if let connection = connections[ref] {
            withOutbox(connection) { $0.finishConversion(job, result) }
            markDirty(connection)
            convert(for: connection)
        }
        while mayConvert, let next = converting.waiting.popFirst() {
            guard let connection = connections[next] else { continue }
            connection.waitsToConvert = false
            convert(for: connection)
        }
    }

    private func settleUnreadable(of connection: Connection) {
        for message in withOutbox(connection, { $0.takeUnreadable() }) {
            note(.compressionFailed(message.flaw))
            let id = message.record.identity.id
            if let sender = message.sender { tell(Int(sender.loop), .accused(sender, id, message.flaw)) }
            if !message.record.hasHome {
                dropBestEffort(message.record, .unreadable)
            } else if let agent = connection.agent {
                tellHome(of: agent, .unreadable(id, to: agent, on: connection.ref))
            }
        }
    }
}

/// Working memory of the threads that convert: as many as work at once, kept for the next.
private final class WorkerCodecs: Sendable {
    static let shared = WorkerCodecs()
    private static let maxKept = 8

    // Sendable: whoever takes one out of `kept`, or makes it, alone has it until it is back under the lock.
    private struct Lent: @unchecked Sendable { let codec: Codec }
    private let kept = Mutex<[Lent]>([])

    func lend<Result>(_ body: (Codec) -> Result) -> Result {
        let lent = kept.withLock { $0.popLast() } ?? Lent(codec: Codec())
        defer { kept.withLock { if $0.count < Self.maxKept { $0.append(lent) } } }
        return body(lent.codec)
    }
}
