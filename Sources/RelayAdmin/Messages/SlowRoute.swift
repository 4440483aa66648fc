import NIOHTTP1
public import NIOPosix

/// Which slow messages are asked for.
public struct SlowQuestion: Sendable, Equatable {
    public static let maxMessages = 500
    public static let maxSeconds = 86_400

    public var seconds: Int
    public var limit: Int
    public var queued: Bool

    public init(seconds: Int, limit: Int, queued: Bool) {
        (self.seconds, self.limit, self.queued) = (seconds, limit, queued)
    }
}

extension AdminRoute {
    public static let slowPath = "/v1/slow"

    /// - Parameter workers: where the search runs.
    public static func slow(
        on workers: NIOThreadPool,
        find: @escaping @Sendable (SlowQuestion) -> SlowDocument
    ) -> AdminRoute {
        AdminRoute(on: workers) { request in
            guard let seconds = request.number("seconds", 1...SlowQuestion.maxSeconds, otherwise: 600),
                let limit = request.number("limit", 1...SlowQuestion.maxMessages, otherwise: 20)
            else {
                let (seconds, limit) = (SlowQuestion.maxSeconds, SlowQuestion.maxMessages)
                return .text(.badRequest, "seconds is 1 to \(seconds), limit 1 to \(limit).")
            }
            return .json(.ok, find(SlowQuestion(seconds: seconds, limit: limit, queued: request.hasFlag("queued"))))
        }
    }
}

extension AdminClient {
    public func slowJSON(_ question: SlowQuestion) throws(AdminClientError) -> String {
        let query = "seconds=\(question.seconds)&limit=\(question.limit)" + (question.queued ? "&queued" : "")
        return try get(AdminRoute.slowPath + "?" + query)
    }
}
