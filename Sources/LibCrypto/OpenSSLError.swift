internal import COpenSSL

/// A call into libcrypto that failed, with the reason libcrypto gave.
public struct OpenSSLError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was being done, as a noun: "reading a PEM private key".
    public let operation: String
    public let reason: String

    /// Empties the calling thread's error queue. Its oldest entry is the cause; those after it are callers' echoes.
    package init(takingQueueAfter operation: String) {
        let code = ERR_get_error()
        ERR_clear_error()
        self.operation = operation
        if code == 0 {
            reason = "no reason given"
        } else if let text = ERR_reason_error_string(code) {
            reason = String(cString: text)
        } else {
            reason = "error code \(code)"
        }
    }

    public var description: String { "\(operation): \(reason) (OpenSSL)" }
}

/// Runs a call that answers nil on failure. A stale error of an earlier caller on this thread would be reported as
/// this call's, so the queue is emptied first.
package func openSSL<Value>(_ operation: String, _ call: () -> Value?) throws(OpenSSLError) -> Value {
    ERR_clear_error()
    guard let value = call() else { throw OpenSSLError(takingQueueAfter: operation) }
    return value
}

/// Runs a call that answers a positive number on success: 1, or a size.
package func openSSL(_ operation: String, _ call: () -> Int32) throws(OpenSSLError) {
    ERR_clear_error()
    guard call() > 0 else { throw OpenSSLError(takingQueueAfter: operation) }
}
