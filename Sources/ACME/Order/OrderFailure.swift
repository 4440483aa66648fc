/// Why an order came to nothing.
public struct OrderFailure: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Cause: String, Sendable, CaseIterable {
        /// No connection, no answer, or an authority that is out of order (5xx).
        case unreachable
        /// The authority refuses the account or the order.
        case refused
        case rateLimited = "rate_limited"
        /// The authority did not find the proof, or takes it no longer.
        case validation
        /// Pending for longer than anybody waits.
        case timeout
        /// An answer that is none of RFC 8555's, or a certificate that is not what was asked for.
        case malformed
        /// Ours: keys, files, memory.
        case `internal`
    }

    public let cause: Cause
    /// For a person.
    public let description: String
    /// How long the authority wants to be left alone, in seconds.
    public let retryAfter: Int64?

    public init(_ cause: Cause, _ description: String, retryAfter: Int64? = nil) {
        self.cause = cause
        self.description = description
        self.retryAfter = retryAfter
    }
}
