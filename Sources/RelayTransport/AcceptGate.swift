import NIOCore
import Synchronization

/// Why agents' sockets are not accepted for a while. They wait in the kernel's backlog.
public enum AcceptObstacle: Sendable, Equatable {
    /// As many sockets are open as may be without taking the descriptors that store, probes and logs need.
    case socketsSpent(Int)
    /// accept(2) failed for want of descriptors or memory.
    case refusedBySystem(errno: CInt)
}

/// Before the listening socket: reads, which accept, pass only while there are descriptors to spare. A held read keeps
/// the socket out of epoll, so that a full backlog wakes nobody.
final class AcceptGate: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias OutboundIn = Never

    private let sockets: OpenSockets
    private let paused: (_ open: Int) -> Void
    private let resumed: () -> Void
    private var context: ChannelHandlerContext?

    /// - Parameter maxSockets: one read may accept a few more (`maxMessagesPerRead`).
    init(maxSockets: Int, paused: @escaping (_ open: Int) -> Void, resumed: @escaping () -> Void = {}) {
        sockets = OpenSockets(limit: maxSockets)
        self.paused = paused
        self.resumed = resumed
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        sockets.forgetRead()
        self.context = nil
    }

    func read(context: ChannelHandlerContext) {
        switch sockets.admitRead() {
        case .admitted: context.read()
        case .held(let open): paused(open)
        case .heldBefore: break
        }
    }

    private func resume() {
        resumed()
        context?.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        sockets.opened()
        let (sockets, loop) = (sockets, context.eventLoop)
        let gate = NIOLoopBound(self, eventLoop: loop)
        // Completes after the descriptor is closed, on the socket's own loop: at the end of the process this one's may
        // have ended before.
        unwrapInboundIn(data).closeFuture.whenComplete { _ in
            guard sockets.closed() else { return }
            loop.execute { gate.value.resume() }
        }
        context.fireChannelRead(data)
    }
}

/// Counts what one listener accepted. The sockets close on any loop.
private final class OpenSockets: Sendable {
    enum Admission {
        case admitted, heldBefore
        case held(open: Int)
    }

    private struct State {
        var open = 0
        var isReadHeld = false
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    func admitRead() -> Admission {
        state.withLock { state in
            guard state.open >= limit else { return .admitted }
            defer { state.isReadHeld = true }
            return state.isReadHeld ? .heldBefore : .held(open: state.open)
        }
    }

    func opened() { state.withLock { $0.open += 1 } }

    /// - Returns: whether a held read may go on now.
    func closed() -> Bool {
        state.withLock { state in
            state.open -= 1
            guard state.isReadHeld, state.open < limit else { return false }
            state.isReadHeld = false
            return true
        }
    }

    func forgetRead() { state.withLock { $0.isReadHeld = false } }
}
