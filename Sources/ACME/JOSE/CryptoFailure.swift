internal import COpenSSL

/// What libcrypto would not do, in its words.
public struct CryptoFailure: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    /// Empties the calling thread's error queue; its oldest entry is the cause.
    init(_ operation: String) {
        let code = ERR_get_error()
        ERR_clear_error()
        let text = ERR_reason_error_string(code).map { String(cString: $0) } ?? "no reason given"
        description = "\(operation): \(text)"
    }
}

/// Runs a call that answers nil on failure.
func crypto<Value>(_ operation: String, _ call: () -> Value?) throws(CryptoFailure) -> Value {
    ERR_clear_error()
    guard let value = call() else { throw CryptoFailure(operation) }
    return value
}

/// Runs a call that answers a positive number on success.
func crypto(_ operation: String, _ call: () -> Int32) throws(CryptoFailure) {
    ERR_clear_error()
    guard call() > 0 else { throw CryptoFailure(operation) }
}
