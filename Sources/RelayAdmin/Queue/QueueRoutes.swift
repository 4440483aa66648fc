public import NIOCore
import NIOHTTP1
public import NIOPosix

public struct QueueQuestion: Sendable, Equatable {
    public static let maxLimit = 1_000

    /// `messages`, `bytes` or `age`.
    public var sort: String
    public var limit: Int

    public init(sort: String = "messages", limit: Int = 10) { (self.sort, self.limit) = (sort, limit) }
}

extension AdminRoute {
    public static let queuePath = "/v1/queue"
    public static let purgeQueuePath = "/v1/queue/purge"
    public static let exportQueuePath = "/v1/queue/export"
    public static let importQueuePath = "/v1/queue/import"
    /// Bytes of rows that one request may bring: the largest message there may be, in base64.
    public static let maxImportBytes = 24 << 20

    public static func queue(
        on workers: NIOThreadPool,
        find: @escaping @Sendable (QueueQuestion, any EventLoop) -> EventLoopFuture<QueueDocument>
    ) -> AdminRoute {
        .document(on: workers) { request, loop -> EventLoopFuture<QueueDocument> in
            guard let limit = request.number("limit", 0...QueueQuestion.maxLimit, otherwise: 10) else {
                return loop.makeFailedFuture(AdminRefusal("limit is 0 to \(QueueQuestion.maxLimit)"))
            }
            return find(QueueQuestion(sort: request.values(of: "sort").last ?? "messages", limit: limit), loop)
        }
    }

    /// - Parameter find: the page of an agent, or of all, behind the place where the last one ended.
    public static func exportQueue(
        on workers: NIOThreadPool,
        find: @escaping @Sendable (_ agent: String?, _ after: String?, any EventLoop) -> EventLoopFuture<ExportPage>
    ) -> AdminRoute {
        .document(on: workers) { request, loop in
            find(request.values(of: "agent").last, request.values(of: "after").last, loop)
        }
    }

    /// POST with a row a line.
    /// - Parameter take: with `check`, only looks at the rows.
    public static func importQueue(
        take: @escaping @Sendable (_ rows: ByteBuffer, _ check: Bool, any EventLoop) -> EventLoopFuture<ImportDocument>
    ) -> AdminRoute {
        AdminRoute(
            .POST,
            maxBodyBytes: maxImportBytes,
            asking: { request, loop in
                take(request.body, request.hasFlag("check"), loop).map { .json(.ok, $0) }
            }
        )
    }
}

extension AdminClient {
    public func queueJSON(_ question: QueueQuestion) throws(AdminClientError) -> String {
        try get(AdminRoute.queuePath + "?sort=\(question.sort)&limit=\(question.limit)")
    }

    public func purge(_ order: PurgeOrder) throws(AdminClientError) -> String {
        try post(AdminRoute.purgeQueuePath, order)
    }

    public func exportPage(agent: String?, after: String?) throws(AdminClientError) -> ExportPage {
        let query = [agent.map { "agent=\($0)" }, after.map { "after=\($0)" }].compactMap { $0 }
        return try read(get(AdminRoute.exportQueuePath + "?" + query.joined(separator: "&")))
    }

    /// - Parameter rows: a row a line.
    public func importRows(_ rows: [UInt8], check: Bool) throws(AdminClientError) -> ImportDocument {
        try read(post(AdminRoute.importQueuePath + (check ? "?check" : ""), body: rows))
    }
}
