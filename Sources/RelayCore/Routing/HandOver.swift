import Compression
import NIOCore
import WireProtocol

/// What one event loop passes to another in one tick: best-effort messages as serialised frames in one buffer, and
/// everything that is rarer one by one.
public struct HandOver: Sendable {
    struct Forwarded: Sendable {
        var recipient: ConnectionRef
        var sender: ConnectionRef
        var frameLength: Int
        var record: WriteRecord
        var lane: Lane
        var expiresAt: UnixMilliseconds
    }

    /// Between agents' edges (the loops of their connections) and homes.
    enum Notice: Sendable {
        // To a home.
        case accept(Message, from: ConnectionRef, mode: DeliveryMode, MessageTimeline)
        case acknowledged([MessageID], AckType, by: AgentHash)
        case written(
            MessageID,
            to: AgentHash,
            on: ConnectionRef,
            enqueued: MonotonicNanoseconds,
            at: MonotonicNanoseconds
        )
        case register(AgentHash, ConnectionRef)
        case unregister(AgentHash, ConnectionRef)
        case pressure(AgentHash, ConnectionRef, isHigh: Bool)
        case gone([MessageKey], MessageFate)
        case unreadable(MessageID, to: AgentHash, on: ConnectionRef)
        // To an edge.
        case registered(ConnectionRef, epoch: UInt64?)
        case announced(ConnectionRef)
        case deliver(ConnectionRef, OutboxMessage)
        case answer(ConnectionRef, Answer)
        case pauseSender(ConnectionRef)
        case accused(ConnectionRef, MessageID, CompressionFlaw)
        // To every loop.
        case route(AgentHash, primary: ConnectionRef?, epoch: UInt64)
        /// The same, of a new connection by its own loop, which wants to know when it is taken.
        case announce(AgentHash, primary: ConnectionRef, epoch: UInt64)
        /// That one closed before all loops had taken it.
        case withdraw(AgentHash, primary: ConnectionRef)
        /// The batches from the loop that reads this are taken: it may read on.
        case released

        /// What it holds in memory, roughly; an envelope is all that is large.
        var byteCount: Int {
            switch self {
            case .accept(let message, _, _, _): message.byteCount + 256
            case .deliver(_, let message): message.payload.readableBytes + 256
            case .acknowledged(let ids, _, _): ids.count * MessageID.byteCount + 64
            case .gone(let keys, _): keys.count * 80 + 16
            default: 128
            }
        }
    }

    public let source: Int
    var forwarded: [Forwarded] = []
    /// The frames of `forwarded`, in order, plain, each checked once already.
    var frames = ByteBuffer()
    private(set) var notices: [Notice] = []
    private var noticeBytes = 0

    init(source: Int) { self.source = source }

    /// The batch of the next tick, with room for as many frames as this one has.
    func successor(from pool: BufferPool) -> HandOver {
        var next = HandOver(source: source)
        guard frames.readableBytes > 0 else { return next }
        next.frames = pool.take(capacity: frames.readableBytes)
        next.forwarded.reserveCapacity(forwarded.count)
        return next
    }

    var isEmpty: Bool { forwarded.isEmpty && notices.isEmpty }
    /// What counts against the bound between two loops.
    public var byteCount: Int { frames.readableBytes + noticeBytes }

    mutating func append(_ notice: Notice) {
        notices.append(notice)
        noticeBytes += notice.byteCount
    }

    /// False, and nothing taken, where the frame's checksum does not hold.
    mutating func append(_ frame: InboundFrame, _ forwarded: Forwarded) -> Bool {
        let length = frame.header.frameLength
        let written = frames.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { space in
            frame.copyVerified(to: space.baseAddress!) ? length : 0
        }
        guard written > 0 else { return false }
        self.forwarded.append(forwarded)
        return true
    }
}

/// What a sender hears about one of its messages.
enum Answer: Sendable, Equatable {
    case acknowledged(MessageID, AckType)
    case refused(MessageID, NackCode)
}
