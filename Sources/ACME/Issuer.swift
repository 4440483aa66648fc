import HTTPClient
internal import LibCrypto
public import NIOCore
import NIOHTTP1
public import RelayTLS

/// A certificate as it came, and the key it is for.
public struct Issued: Sendable {
    public let key: P256Key
    /// PEM.
    public let chain: [UInt8]
}

/// Carries an order out over HTTPS.
public struct Issuer: Sendable {
    private let eventLoop: any EventLoop
    private let tls: TLSClient
    private let userAgent: String
    private let now: @Sendable () -> Int64

    /// - Parameters:
    ///   - userAgent: RFC 8555 section 6.1 wants one.
    ///   - now: seconds since 1970.
    public init(
        on eventLoop: any EventLoop,
        tls: TLSClient,
        userAgent: String,
        now: @escaping @Sendable () -> Int64
    ) {
        self.eventLoop = eventLoop
        self.tls = tls
        self.userAgent = userAgent
        self.now = now
    }

    /// - Parameter putUp: where the authority looks, until the order ends. Called once for each name.
    public func obtain(
        _ terms: OrderTerms,
        account: AccountKey,
        putUp: @Sendable (Proof) throws -> Void
    ) async throws(OrderFailure) -> Issued {
        let key: P256Key
        var order: OrderStateMachine
        do throws(OpenSSLError) {
            key = try P256Key.generate()
            order = try OrderStateMachine(terms, account: account, key: key, at: now())
        } catch {
            throw OrderFailure(.internal, error.description)
        }
        return Issued(key: key, chain: try await carryOut(&order, putUp))
    }

    private func carryOut(
        _ order: inout OrderStateMachine,
        _ putUp: @Sendable (Proof) throws -> Void
    ) async throws(OrderFailure) -> [UInt8] {
        var action = order.begin()
        var connections = Connections(eventLoop, tls)
        while true {
            switch action {
            case .send(let request): action = await send(request, &connections, &order)
            case .prove(let proof):
                do { try putUp(proof) } catch { throw OrderFailure(.internal, "\(error)") }
                action = order.proofIsUp()
            case .wait(let until):
                let pause = Duration.seconds(max(0, until - now()))
                do { try await Task.sleep(for: pause) } catch { throw OrderFailure(.internal, "cancelled") }
                action = order.waited(at: now())
            case .finished(let chain):
                await connections.close()
                return chain
            case .failed(let failure):
                await connections.close()
                throw failure
            }
        }
    }

    private func send(
        _ request: ACMERequest,
        _ connections: inout Connections,
        _ order: inout OrderStateMachine
    ) async -> OrderStateMachine.Action {
        do {
            let response = try await connections.send(request, userAgent)
            let retryAfter = RetryAfter.seconds(response.headers.first(name: "Retry-After"), now: now())
            let answer = ACMEResponse(
                status: response.status,
                nonce: response.headers.first(name: "Replay-Nonce"),
                location: response.headers.first(name: "Location"),
                retryAfter: retryAfter,
                body: response.body
            )
            return order.received(answer, at: now())
        } catch {
            return order.lostAnswer("\(request.url): \(error)")
        }
    }
}

/// One client for each origin that an authority names; most name one.
private struct Connections {
    private static let maxOrigins = 4

    private let eventLoop: any EventLoop
    private let tls: TLSClient
    private var clients: [HTTPOrigin: HTTPClient] = [:]

    init(_ eventLoop: any EventLoop, _ tls: TLSClient) {
        self.eventLoop = eventLoop
        self.tls = tls
    }

    mutating func send(_ request: ACMERequest, _ userAgent: String) async throws -> HTTPResponse {
        let endpoint = try HTTPEndpoint(request.url)
        // RFC 8555 section 6.1.
        guard endpoint.isTLS else { throw OrderFailure(.malformed, "is no https:// address") }
        let client = try client(of: endpoint.origin)
        let agent = ("User-Agent", userAgent)
        switch request.method {
        case .get: return try await client.send(.GET, endpoint.path, headers: [agent])
        case .head: return try await client.send(.HEAD, endpoint.path, headers: [agent])
        case .post(let body):
            return try await client.post(
                endpoint.path,
                headers: [agent, ("Content-Type", "application/jose+json")],
                body: body
            )
        }
    }

    private mutating func client(of origin: HTTPOrigin) throws -> HTTPClient {
        if let client = clients[origin] { return client }
        guard clients.count < Self.maxOrigins else { throw OrderFailure(.malformed, "one origin too many") }
        var limits = HTTPClient.Limits()
        limits.request = .seconds(30)
        let client = HTTPClient(origin, on: eventLoop, limits: limits, tls: tls)
        clients[origin] = client
        return client
    }

    func close() async { for client in clients.values { await client.close() } }
}
