import Listening
import Logging
import NIOCore
import RelayAdmin
import RelayCore
import RelayTransport
import Telemetry
import WireProtocol

/// `moltrelay connections`: who is connected, and ending it.
struct ConnectionControl: Sendable {
    let steering: Steering

    var routes: [String: AdminRoute] {
        [
            AdminRoute.connectionsPath: reading,
            AdminRoute.closeConnectionsPath: .verb { (order: CloseOrder, loop: any EventLoop) in
                do throws(AdminRefusal) {
                    return try close(order, on: loop)
                } catch {
                    return loop.makeFailedFuture(error)
                }
            },
        ]
    }

    var reading: AdminRoute {
        .connections(on: steering.workers) { question, loop throws(AdminRefusal) in try list(question, on: loop) }
    }

    private func list(
        _ question: ConnectionsQuestion,
        on loop: any EventLoop
    ) throws(AdminRefusal) -> EventLoopFuture<ConnectionsDocument> {
        let query = try ConnectionQuery(question)
        return steering.loops.census(query, on: loop).map { page in
            let clocks = steering.clocks
            let isLast = page.matching <= page.connections.count
            return ConnectionsDocument(
                at: clocks.text(clocks.monotonic),
                matching: page.matching,
                next: isLast ? nil : page.connections.last?.place.text,
                connections: page.connections.map { ConnectionsDocument.Connection($0, clocks) }
            )
        }
    }

    private func close(
        _ order: CloseOrder,
        on loop: any EventLoop
    ) throws(AdminRefusal) -> EventLoopFuture<ClosedDocument> {
        guard order.agent != nil || order.session != nil || order.address != nil else {
            throw AdminRefusal("name an agent, a session or an address")
        }
        let question = ConnectionsQuestion(agent: order.agent, session: order.session, address: order.address)
        let query = try ConnectionQuery(question)
        let disconnect = Disconnect.operatorClosed(reconnectAfterMilliseconds: order.reconnectAfterMilliseconds)
        return steering.loops.close(query, by: disconnect, on: loop).map { closed in
            tell(order, closed.count)
            return ClosedDocument(closed: closed.count)
        }
    }

    /// Agents by their hash; an address that was named is not written down.
    private func tell(_ order: CloseOrder, _ count: Int) {
        var fields: Logger.Metadata = ["count": "\(count)"]
        if let agent = order.agent { fields["agent_id_hash"] = "\(agent)" }
        if let session = order.session { fields["session_id"] = "\(session)" }
        if order.address != nil { fields["by"] = "address" }
        steering.tell(.connectionsClosed, fields)
    }
}

extension ConnectionQuery {
    init(_ question: ConnectionsQuestion) throws(AdminRefusal) {
        self.init()
        if let text = question.agent {
            guard let prefix = AgentPrefix(text) else {
                throw AdminRefusal("agent is sha256: and 16 to 64 hexadecimal digits, not \(text.prefix(80))")
            }
            agent = prefix.bits
        }
        session = question.session
        if let text = question.address {
            guard let range = AddressBlock(text) else {
                throw AdminRefusal("address is an IP address or a network as 203.0.113.0/24, not \(text.prefix(80))")
            }
            addresses = range
        }
        isSlow = question.slow
        if let text = question.sort {
            guard let order = Order(rawValue: text) else {
                let names = Order.allCases.map(\.rawValue).joined(separator: ", ")
                throw AdminRefusal("sort is one of \(names), not \(text.prefix(80))")
            }
            self.order = order
        }
        limit = question.limit
        if let text = question.after {
            guard let place = ConnectionPlace(text: text) else {
                throw AdminRefusal("after is what an answer had as its next, not \(text.prefix(80))")
            }
            after = place
        }
    }
}

extension ConnectionsDocument.Connection {
    init(_ reading: ConnectionReading, _ clocks: ClockPair) {
        self.init(
            agent: reading.agent?.description,
            address: reading.address?.written,
            session: reading.session,
            state: reading.state.rawValue,
            since: clocks.text(clocks.monotonic - min(clocks.monotonic, reading.age)),
            seconds: reading.age.inSeconds,
            eventLoop: reading.loop,
            outboxBytes: reading.outboxBytes,
            lagSeconds: reading.lag.inSeconds,
            slowSeconds: reading.slowFor?.inSeconds,
            messagesIn: reading.traffic.messagesIn,
            messagesOut: reading.traffic.messagesOut,
            bytesIn: reading.traffic.bytesIn,
            bytesOut: reading.traffic.bytesOut,
            extensions: reading.extensions.map(\.rawValue),
            unheardSeconds: reading.unheardFor.inSeconds,
            unansweredPings: reading.unansweredPings
        )
    }
}

extension SocketAddress {
    /// Without the family that its description names.
    fileprivate var written: String? {
        guard let ipAddress, let port else { return nil }
        // A proxy names no port.
        return port == 0 ? ipAddress : HostPort(host: ipAddress, port: port).description
    }
}
