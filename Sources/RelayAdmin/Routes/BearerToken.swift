import NIOHTTP1
import Synchronization

/// What `Authorization: Bearer` must carry. One that takes its place counts from the next request on.
public final class BearerToken: Sendable {
    private let bytes: Mutex<[UInt8]>

    /// nil where nobody is to be let in by a token: an empty one is none.
    public init?(_ token: String) {
        guard !token.isEmpty else { return nil }
        bytes = Mutex(Array(token.utf8))
    }

    /// An empty one changes nothing.
    /// - Returns: whether it is another one now.
    @discardableResult
    public func replace(by token: String) -> Bool {
        guard !token.isEmpty else { return false }
        return bytes.withLock { bytes in
            defer { bytes = Array(token.utf8) }
            return !bytes.elementsEqual(token.utf8)
        }
    }

    func isCarried(by headers: HTTPHeaders) -> Bool {
        guard let given = headers.first(name: "authorization") else { return false }
        let parts = given.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return false }
        return Self.isEqual(Array(parts[1].utf8), bytes.withLock { $0 })
    }

    /// In a time that does not tell how much of the token was right.
    private static func isEqual(_ given: [UInt8], _ token: [UInt8]) -> Bool {
        guard given.count == token.count else { return false }
        return zip(given, token).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
