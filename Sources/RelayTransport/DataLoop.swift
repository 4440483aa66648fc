import Compression
public import NIOCore
import NIOPosix
public import RelayCore
import Synchronization
import WireProtocol

/// One event loop that carries messages: its clock, its relay, its place among the others. Everything but `perform` and
/// the construction happens on that loop.
public final class DataLoop: LoopPort {
    public let index: Int
    public let eventLoop: any EventLoop
    let clock: RelayClock
    private let state: NIOLoopBoundBox<State>

    private struct State {
        var relay: Relay?
        /// All loops, this one too, by index.
        var loops: [DataLoop] = []
        var wake: Scheduled<Void>?
        var wakeAt: MonotonicNanoseconds = .max
        var beat: Scheduled<Void>?
        var inflaters: [Inflater] = []
        private var readBuffer: ByteBuffer?
        /// A connection with TLS has one for what it read and one for what that says.
        private var secondReadBuffer: ByteBuffer?

        /// Taken out, or clearing it would allocate another.
        mutating func takeReadBuffer() -> ByteBuffer? {
            defer {
                readBuffer = secondReadBuffer
                secondReadBuffer = nil
            }
            return readBuffer
        }

        mutating func giveReadBuffer(_ buffer: ByteBuffer) {
            if readBuffer != nil { secondReadBuffer = readBuffer }
            readBuffer = buffer
        }
    }

    static let beatInterval: MonotonicNanoseconds = .milliseconds(250)
    private let lastBeatAt: Atomic<UInt64>
    private let lastLag = Atomic<UInt64>(0)

    init(index: Int, eventLoop: any EventLoop, clock: RelayClock) {
        self.index = index
        self.clock = clock
        self.eventLoop = eventLoop
        state = NIOLoopBoundBox.makeBoxSendingValue(State(), eventLoop: eventLoop)
        lastBeatAt = Atomic(NIODeadline.now().uptimeNanoseconds)
    }

    /// On this loop only; nil before `DataLoops.start`.
    public var relay: Relay? { state.value.relay }

    func adopt(_ relay: Relay, among loops: [DataLoop]) {
        state.value.relay = relay
        state.value.loops = loops
        scheduleBeat()
    }

    /// On this loop only; as `SharedReadBuffer` asks.
    func takeReadBuffer(_ allocator: ByteBufferAllocator) -> ByteBuffer {
        guard var buffer = state.value.takeReadBuffer() else {
            return allocator.buffer(capacity: SharedReadBuffer.byteCount)
        }
        buffer.clear()
        return buffer
    }

    /// What was read is used up.
    func giveReadBuffer(_ buffer: ByteBuffer) {
        guard buffer.capacity == SharedReadBuffer.byteCount else { return }
        state.value.giveReadBuffer(buffer)
    }

    private static let keptInflaters = 8

    /// On this loop only: one for the message that begins; nil where there is no memory.
    func takeInflater() -> Inflater? { state.value.inflaters.popLast() ?? Inflater() }

    func giveInflater(_ inflater: Inflater) {
        if state.value.inflaters.count < Self.keptInflaters { state.value.inflaters.append(inflater) }
    }

    /// How long the loop has not turned; any thread. Liveness asks.
    public var silence: MonotonicNanoseconds {
        let last = lastBeatAt.load(ordering: .relaxed)
        let now = now
        return now > last ? now - last : 0
    }

    /// How late the loop's last beat came; any thread.
    public var lag: MonotonicNanoseconds { lastLag.load(ordering: .relaxed) }

    private func scheduleBeat() {
        let due = now + Self.beatInterval
        state.value.beat = eventLoop.scheduleTask(deadline: .uptimeNanoseconds(due)) {
            let now = self.now
            let lag = now > due ? now - due : 0
            self.lastLag.store(lag, ordering: .relaxed)
            self.lastBeatAt.store(now, ordering: .relaxed)
            if self.index == 0 { self.clock.observe() }
            self.relay?.note(.eventLoopLagged(nanoseconds: lag))
            self.scheduleBeat()
        }
    }

    public var now: MonotonicNanoseconds { NIODeadline.now().uptimeNanoseconds }

    public var wallClock: UnixMilliseconds { clock.now }

    public func handOver(_ batch: HandOver, to loop: Int) {
        let target = state.value.loops[loop]
        target.eventLoop.execute { target.relay?.received(batch) }
    }

    public func perform(_ work: @escaping @Sendable (Relay) -> Void) {
        eventLoop.execute {
            guard let relay = self.relay else { return }
            work(relay)
        }
    }

    public func offload(_ work: @escaping @Sendable () -> Void) { NIOThreadPool.singleton.submit { _ in work() } }

    // SelectableEventLoop runs tasks after all descriptors that were ready: that is the end of the tick.
    public func requestTick() {
        eventLoop.execute { self.relay?.endOfTick() }
    }

    public func wake(at deadline: MonotonicNanoseconds?) {
        // An earlier one stays: a tick too many costs less than a timer made anew each tick.
        guard let deadline, deadline < state.value.wakeAt else { return }
        state.value.wake?.cancel()
        state.value.wakeAt = deadline
        state.value.wake = eventLoop.scheduleTask(deadline: .uptimeNanoseconds(deadline)) {
            self.state.value.wakeAt = .max
            self.state.value.wake = nil
            self.relay?.endOfTick()
        }
    }
}
