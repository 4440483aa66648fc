import Glibc
import NIOCore
import NIOPosix

/// NIO's errors say everything; a person wants the one reason.
enum ConnectFailureText {
    static func of(_ error: any Error, to address: RelayAddress) -> String {
        switch error {
        case let error as NIOConnectionError: reason(error) + " (\(address.authority))"
        case ChannelError.connectTimeout: "no answer (\(address.authority))"
        case let error as IOError: text(error) + " (\(address.authority))"
        default: "\(error) (\(address.authority))"
        }
    }

    private static func reason(_ error: NIOConnectionError) -> String {
        guard let first = error.connectionErrors.first?.error else { return "the name has no address" }
        if case ChannelError.connectTimeout = first { return "no answer" }
        return (first as? IOError).map(text) ?? "\(first)"
    }

    private static func text(_ error: IOError) -> String {
        error.errnoCode == 0 ? "\(error)" : String(cString: strerror(error.errnoCode))
    }
}
