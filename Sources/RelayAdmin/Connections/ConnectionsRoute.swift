public import NIOCore
import NIOHTTP1
public import NIOPosix

/// Which connections are asked for, as the query has it.
public struct ConnectionsQuestion: Sendable, Equatable {
    public static let maxLimit = 1_000

    public var agent: String?
    public var session: String?
    public var address: String?
    public var slow: Bool
    public var sort: String?
    public var limit: Int
    /// `next` of the page before.
    public var after: String?

    public init(
        agent: String? = nil,
        session: String? = nil,
        address: String? = nil,
        slow: Bool = false,
        sort: String? = nil,
        limit: Int = 100,
        after: String? = nil
    ) {
        (self.agent, self.session, self.address, self.slow) = (agent, session, address, slow)
        (self.sort, self.limit, self.after) = (sort, limit, after)
    }

    var query: String {
        let values = [
            ("agent", agent), ("session", session), ("address", address), ("sort", sort), ("after", after),
        ]
        let given = values.compactMap { name, value in value.map { "\(name)=\($0)" } }
        return (["limit=\(limit)"] + given + (slow ? ["slow"] : [])).joined(separator: "&")
    }
}

extension AdminRoute {
    public static let connectionsPath = "/v1/connections"
    public static let closeConnectionsPath = "/v1/connections/close"

    public static func connections(
        on workers: NIOThreadPool,
        find:
            @escaping @Sendable (ConnectionsQuestion, any EventLoop) throws(AdminRefusal) ->
            EventLoopFuture<ConnectionsDocument>
    ) -> AdminRoute {
        .document(on: workers) { request, loop in
            do throws(AdminRefusal) {
                return try find(try request.connectionsQuestion(), loop)
            } catch {
                return loop.makeFailedFuture(error)
            }
        }
    }
}

extension AdminRequest {
    fileprivate func connectionsQuestion() throws(AdminRefusal) -> ConnectionsQuestion {
        guard let limit = number("limit", 1...ConnectionsQuestion.maxLimit, otherwise: 100) else {
            throw AdminRefusal("limit is 1 to \(ConnectionsQuestion.maxLimit)")
        }
        return ConnectionsQuestion(
            agent: values(of: "agent").last,
            session: values(of: "session").last,
            address: values(of: "address").last,
            slow: hasFlag("slow"),
            sort: values(of: "sort").last,
            limit: limit,
            after: values(of: "after").last
        )
    }

    /// nil where it is out of its range.
    func number(_ name: String, _ range: ClosedRange<Int>, otherwise: Int) -> Int? {
        guard let text = values(of: name).last else { return hasFlag(name) ? nil : otherwise }
        return Int(text).flatMap { range.contains($0) ? $0 : nil }
    }
}

extension AdminClient {
    public func connectionsJSON(_ question: ConnectionsQuestion) throws(AdminClientError) -> String {
        try get(AdminRoute.connectionsPath + "?" + question.query)
    }

    public func close(_ order: CloseOrder) throws(AdminClientError) -> String {
        try post(AdminRoute.closeConnectionsPath, order)
    }
}
