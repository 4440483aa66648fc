import DequeModule
import Glibc
import NIOCore

/// Sends commands as they come and matches replies to them in order. On one connection, and on its loop alone.
final class CommandHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    typealias Completion = (Result<RedisReply, RedisFailure>) -> Void

    private let reader: ReplyReader
    private let timeout: TimeAmount
    private let heartbeat: (command: RedisCommand, interval: TimeAmount)
    private let ended: (RedisFailure) -> Void
    private var context: ChannelHandlerContext?
    private var owed: Deque<(completion: Completion, mayBeRefused: Bool)> = []
    private var heardAt = NIODeadline.uptimeNanoseconds(0)
    private var watch: Scheduled<Void>?
    private var failure: RedisFailure?
    private var isFinishing = false

    /// - Parameter ended: the connection is over and everything it owed has failed; called once.
    init(
        _ settings: RedisSettings,
        heartbeat: RedisCommand = RedisCommand("PING"),
        ended: @escaping (RedisFailure) -> Void
    ) throws(RedisFailure) {
        reader = try ReplyReader(maxReplyBytes: settings.maxReplyBytes)
        timeout = settings.answerTimeout
        self.heartbeat = (heartbeat, settings.heartbeat)
        self.ended = ended
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        end(.temporary("the connection was closed"))
        self.context = nil
    }

    func send(_ command: RedisCommand, _ completion: @escaping Completion) {
        guard let context, failure == nil else {
            return completion(.failure(failure ?? .temporary("the connection was closed")))
        }
        do throws(RedisFailure) {
            let bytes = try command.formatted()
            if owed.isEmpty {
                heardAt = context.eventLoop.now
                schedule(in: timeout)
            }
            owed.append((completion, command.mayBeRefused))
            context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        } catch {
            completion(.failure(error))
        }
    }

    /// Closes once nothing is owed.
    func finish() {
        isFinishing = true
        if owed.isEmpty { end(.closed) }
    }

    /// Fails what is owed, and closes.
    func end(_ reason: RedisFailure) {
        guard failure == nil else { return }
        failure = reason
        watch?.cancel()
        let failed = owed
        owed = []
        for command in failed { command.completion(.failure(reason)) }
        if reason != .closed, let socket = context?.channel as? any SocketOptionProvider {
            // What failed must not arrive later, from the kernel's buffer, behind what the next connection sends.
            _ = socket.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        }
        context?.close(promise: nil)
        ended(reason)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard failure == nil else { return }
        heardAt = context.eventLoop.now
        do throws(RedisFailure) {
            try reader.feed(unwrapInboundIn(data))
            while failure == nil, let reply = try reader.next() { received(reply) }
        } catch {
            end(error)
        }
        guard owed.isEmpty, failure == nil else { return }
        if isFinishing { end(.closed) } else { schedule(in: heartbeat.interval) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.temporary("the server closed the connection"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { end(.temporary("\(error)")) }

    private func received(_ reply: RedisReply) {
        guard let (completion, mayBeRefused) = owed.popFirst() else {
            return end(.temporary("the server sent a reply to no command"))
        }
        guard case .error(let text) = reply else { return completion(.success(reply)) }
        let failure = RedisFailure(reply: text)
        completion(.failure(failure))
        if failure.endsConnection, !(mayBeRefused && failure.isFinal) {
            end(failure.isFinal ? failure : .temporary(text))
        }
    }

    private func schedule(in delay: TimeAmount) {
        watch?.cancel()
        watch = context?.eventLoop.assumeIsolated().scheduleTask(in: delay) { self.look() }
    }

    private func look() {
        guard let context, failure == nil else { return }
        guard !owed.isEmpty else { return send(heartbeat.command, { _ in }) }
        let late = heardAt + timeout - context.eventLoop.now
        if late <= .zero {
            end(.temporary("no answer within \(timeout.nanoseconds / 1_000_000) ms"))
        } else {
            schedule(in: late)
        }
    }
}
