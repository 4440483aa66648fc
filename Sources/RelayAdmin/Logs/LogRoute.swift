import NIOHTTP1
public import Telemetry

extension AdminRoute {
    public static let logsPath = "/v1/logs"

    /// The log's last lines, and with `follow` what is logged from then on: one JSON object or text a line.
    /// - Parameter canFollow: else only what was logged already; a follower takes one of few places.
    public static func logs(_ tail: LogTail, canFollow: Bool = true) -> AdminRoute {
        AdminRoute { request in
            do throws(AdminRefusal) {
                let question = try LogQuestion(request)
                guard canFollow || !question.follows else { throw AdminRefusal("follow is for the admin socket.") }
                return question.follows ? following(tail, question) : .lines(of: question, tail)
            } catch {
                return .text(.badRequest, error.reason)
            }
        }
    }

    private static func following(_ tail: LogTail, _ question: LogQuestion) -> AdminResponse {
        guard let follower = tail.follow(question.filter, last: question.lines) else {
            let reason = "\(LogTail.maxFollowers) readers follow the log already: end one of them."
            return .text(.serviceUnavailable, reason)
        }
        let stream = AdminStream(
            next: { follower.next().flatMap(question.format.line) },
            whenMore: follower.whenMore,
            end: follower.close
        )
        return AdminResponse(contentType: question.contentType, headers: ["cache-control": "no-store"], stream: stream)
    }
}

extension AdminResponse {
    fileprivate static func lines(of question: LogQuestion, _ tail: LogTail) -> AdminResponse {
        AdminResponse(
            .ok,
            contentType: question.contentType,
            headers: ["cache-control": "no-store"],
            body: tail.last(question.lines, question.filter).flatMap(question.format.line)
        )
    }
}

extension LogQuestion {
    fileprivate var contentType: String {
        format == .json ? "application/x-ndjson" : "text/plain; charset=utf-8"
    }
}

extension AdminClient {
    /// Hands over the log's lines as they come, until the relay ends them.
    public func logs(
        _ question: LogQuestion,
        _ take: (ArraySlice<UInt8>) throws -> Void
    ) throws {
        try stream(question.path, take)
    }
}
