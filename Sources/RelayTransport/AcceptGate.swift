import NIOCore
import RelayCore

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

    private let maxSockets: Int
    private let paused: (_ open: Int) -> Void
    private var context: ChannelHandlerContext?
    private var open = 0
    private var isReadHeld = false

    /// - Parameter maxSockets: one read may accept a few more (`maxMessagesPerRead`).
    init(maxSockets: Int, paused: @escaping (_ open: Int) -> Void) {
        self.maxSockets = maxSockets
        self.paused = paused
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func read(context: ChannelHandlerContext) {
        guard open >= maxSockets else { return context.read() }
        if !isReadHeld { paused(open) }
        isReadHeld = true
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        open += 1
        // Completes after the descriptor is closed.
        unwrapInboundIn(data).closeFuture.hop(to: context.eventLoop).assumeIsolated().whenComplete { _ in
            self.closedOne()
        }
        context.fireChannelRead(data)
    }

    private func closedOne() {
        open -= 1
        guard isReadHeld, open < maxSockets else { return }
        isReadHeld = false
        context?.read()
    }
}
