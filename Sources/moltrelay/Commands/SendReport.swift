import ArgumentParser
import Foundation
import RelayClient
import WireProtocol

/// What became of the message, as text and as the JSON that scripts read.
struct SendReport {
    private let result: Result<Receipt, SendError>
    private let id: MessageID
    private let bytes: Int

    init(_ result: Result<Receipt, SendError>, id: MessageID, bytes: Int) {
        self.result = result
        self.id = id
        self.bytes = bytes
    }

    private var outcome: String {
        switch result {
        case .success(let receipt): receipt.outcome.name
        case .failure(.timedOut): "timed_out"
        case .failure(.ended): "unavailable"
        case .failure: "refused"
        }
    }

    /// nil where the message arrived.
    var exitCode: ExitCode? {
        guard case .failure(let error) = result else { return nil }
        if case .ended(let failure) = error { return failure.exitCode }
        return error.isTemporary ? ExitCode(EX_TEMPFAIL) : ExitCode(EXIT_FAILURE)
    }

    func printText() throws {
        switch result {
        case .success: try Terminal.print("\(outcome) \(id)")
        case .failure(let error):
            let advice = error.retryAfterMilliseconds.map { "; try again in \($0) ms" } ?? ""
            try Terminal.note("not sent (\(id)): \(error)\(advice)")
        }
    }

    var json: String {
        var json = JSONWriter()
        json.object { json in
            json.member(Key.id, id.description)
            json.member(Key.outcome, outcome)
            json.member(Key.bytes, bytes)
            switch result {
            case .success(let receipt): json.member(Key.attempts, receipt.attempts)
            case .failure(let error):
                json.member(Key.code, ifPresent: error.code)
                json.member(Key.message, error.description)
                json.member(Key.retryAfter, ifPresent: error.retryAfterMilliseconds)
            }
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private enum Key: String, CodingKey {
        case id, outcome, bytes, attempts, code, message
        case retryAfter = "retry_after_ms"
    }
}

extension Receipt.Outcome {
    fileprivate var name: String {
        switch self {
        case .written: "written"
        case .acknowledged(let type): type.name
        }
    }
}

extension SendError {
    /// The protocol's word for it, where there is one.
    fileprivate var code: String? {
        switch self {
        case .notAccepted(let nack): nack.code
        case .ended(.authenticationRefused(let refusal)): refusal.code
        default: nil
        }
    }
}
