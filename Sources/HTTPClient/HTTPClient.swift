import Glibc
public import NIOCore
public import NIOHTTP1
import NIOPosix
public import RelayTLS

/// A small HTTP/1.1 client for work in the background: what exporters post, what authorities are asked. One origin, one
/// idle connection kept. Not for the loops that carry messages.
public final class HTTPClient: Sendable {
    public struct Limits: Sendable {
        public var connect: TimeAmount = .seconds(5)
        /// From the request to the last byte of its response.
        public var request: TimeAmount = .seconds(10)
        /// A longer body fails the request.
        public var maxBodyBytes = 64 * 1024

        public init() {}
    }

    public let origin: HTTPOrigin
    private let eventLoop: any EventLoop
    private let limits: Limits
    private let tls: TLSClient?
    private let idle: NIOLoopBoundBox<(any Channel)?>

    /// - Parameters:
    ///   - eventLoop: carries this client's connections.
    ///   - tls: nil for http://.
    public init(
        _ origin: HTTPOrigin,
        on eventLoop: any EventLoop,
        limits: Limits = Limits(),
        tls: TLSClient? = nil
    ) {
        self.origin = origin
        self.tls = tls
        self.eventLoop = eventLoop
        self.limits = limits
        idle = NIOLoopBoundBox.makeEmptyBox(eventLoop: eventLoop)
    }

    /// As `send` does it.
    public func post(_ path: String, headers: [(String, String)], body: [UInt8]) async throws -> HTTPResponse {
        try await send(.POST, path, headers: headers, body: body)
    }

    /// Where the task is cancelled, nobody waits any longer; the request ends by its own limits.
    /// - Throws: `HTTPClientError`, or what the connection failed with.
    public func send(
        _ method: HTTPMethod,
        _ path: String,
        headers: [(String, String)] = [],
        body: [UInt8] = []
    ) async throws -> HTTPResponse {
        let head = requestHead(method, path, headers, bodyBytes: body.count)
        let promise = eventLoop.makePromise(of: HTTPResponse.self)
        return try await withTaskCancellationHandler {
            eventLoop.execute { self.exchange(head, body).cascade(to: promise) }
            return try await promise.futureResult.get()
        } onCancel: {
            promise.fail(CancellationError())
        }
    }

    /// Lets the idle connection go.
    public func close() async {
        try? await eventLoop.submit {
            self.idle.value?.close(promise: nil)
            self.idle.value = nil
        }.get()
    }

    private func requestHead(
        _ method: HTTPMethod,
        _ path: String,
        _ headers: [(String, String)],
        bodyBytes: Int
    ) -> HTTPRequestHead {
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: path)
        head.headers.add(name: "Host", value: origin.description)
        if bodyBytes > 0 || method == .POST { head.headers.add(name: "Content-Length", value: "\(bodyBytes)") }
        for (name, value) in headers { head.headers.add(name: name, value: value) }
        return head
    }

    private func exchange(_ head: HTTPRequestHead, _ body: [UInt8]) -> EventLoopFuture<HTTPResponse> {
        connection().flatMap { channel in
            self.exchange(head, body, on: channel)
        }
    }

    private func exchange(
        _ head: HTTPRequestHead,
        _ body: [UInt8],
        on channel: any Channel
    ) -> EventLoopFuture<HTTPResponse> {
        do {
            let handler = try channel.pipeline.syncOperations.handler(type: ExchangeHandler.self)
            return try handler.send(head, body, within: limits.request).map { response in
                if response.keepsAlive, channel.isActive, self.idle.value == nil {
                    self.idle.value = channel
                } else {
                    channel.close(promise: nil)
                }
                return response
            }
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
    }

    private func connection() -> EventLoopFuture<any Channel> {
        if let channel = idle.value {
            idle.value = nil
            if channel.isActive { return eventLoop.makeSucceededFuture(channel) }
        }
        let (maxBodyBytes, tls, host, limit) = (limits.maxBodyBytes, tls, origin.host, limits.connect)
        let ready = eventLoop.makePromise(of: Void.self)
        return ClientBootstrap(group: eventLoop)
            .connectTimeout(limits.connect)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        let handler = try tls.handler(to: host, within: limit) { result in
                            ready.completeWith(result.map { _ in }.mapError { $0 })
                        }
                        try channel.pipeline.syncOperations.addHandler(handler)
                    } else {
                        ready.succeed()
                    }
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(ExchangeHandler(maxBodyBytes: maxBodyBytes))
                }
            }
            .connect(host: origin.host, port: origin.port)
            .flatMap { channel in ready.futureResult.map { channel } }
            .flatMapErrorThrowing { error in
                ready.fail(error)
                throw HTTPClientError(connecting: error)
            }
    }
}

public struct HTTPResponse: Sendable, Equatable {
    public var status: Int
    public var headers: HTTPHeaders
    public var body: [UInt8]
    /// What a server that wants to be left alone for a while asks for, where it said so in seconds.
    public var retryAfterSeconds: UInt64?
    var keepsAlive: Bool
}

public enum HTTPClientError: Error, Equatable, CustomStringConvertible {
    case timeout
    /// The connection ended before the response did.
    case cutOff
    case bodyTooLarge(limit: Int)
    /// 101, to a request without `Upgrade`.
    case unaskedUpgrade
    /// No connection, and why in the system's words.
    case unreachable(String)

    /// From what connecting threw: of several addresses the last one's reason.
    init(connecting error: any Error) {
        let last = (error as? NIOConnectionError)?.connectionErrors.last?.error ?? error
        self = .unreachable((last as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(last)")
    }

    public var description: String {
        switch self {
        case .timeout: "no answer in time"
        case .cutOff: "the connection ended before the answer did"
        case .bodyTooLarge(let limit): "the answer is longer than \(limit) bytes"
        case .unaskedUpgrade: "the server switches to another protocol (101), which nobody asked for"
        case .unreachable(let reason): "no connection: \(reason)"
        }
    }
}
