import Glibc
import NIOCore

/// A listener could not be opened. Says which, and why in words that help.
public struct ListenerError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Reason: Sendable, Equatable {
        case inUse
        case permissionDenied
        /// No interface of this machine has the address.
        case notOurAddress
        /// The name does not resolve, or is no address.
        case unknownHost
        /// A Unix socket that another running process, where it is known, answers on.
        case answeredBy(pid: Int32?)
        /// Something that is no socket lies where the socket is to be.
        case notASocket
        case pathTooLong(limit: Int)
        case groupNotOurs(String)
        case system(code: Int32)
        case other(String)
    }

    /// `host:port`, or the path of a Unix socket.
    public var address: String
    public var reason: Reason

    public init(address: String, reason: Reason) {
        self.address = address
        self.reason = reason
    }

    /// From what opening the listener threw.
    public init(address: String, _ error: any Error) {
        self.address = address
        switch error {
        case let error as ListenerError: reason = error.reason
        case let error as IOError: reason = Reason(code: error.errnoCode)
        case let error as SystemFailure: reason = Reason(code: error.code)
        case is SocketAddressError: reason = .unknownHost
        default: reason = .other("\(error)")
        }
    }

    public var description: String {
        let advice = reason == .permissionDenied && !address.contains("/") ? Reason.privilegedPorts : ""
        return "cannot listen on \(address): \(reason.text)\(advice)"
    }
}

extension ListenerError.Reason {
    init(code: Int32) {
        switch code {
        case EADDRINUSE: self = .inUse
        case EACCES, EPERM: self = .permissionDenied
        case EADDRNOTAVAIL: self = .notOurAddress
        case ENAMETOOLONG: self = .pathTooLong(limit: UnixSocket.maxPathBytes)
        default: self = .system(code: code)
        }
    }

    fileprivate static let privilegedPorts = " (ports below 1024 need root or CAP_NET_BIND_SERVICE)"

    fileprivate var text: String {
        switch self {
        case .inUse: "the address is in use by another program, or another relay"
        case .permissionDenied: "permission denied"
        case .notOurAddress: "no network interface of this machine has this address"
        case .unknownHost: "the host name is unknown"
        case .answeredBy(let pid?): "another relay, process \(pid), is running there"
        case .answeredBy(nil): "another relay is running there"
        case .notASocket: "something that is not a socket is there; remove it, or set another path"
        case .pathTooLong(let limit): "the path is longer than the \(limit) bytes a socket path may have"
        case .groupNotOurs(let group):
            "this process may not give it to the group \(group): make the relay's user a member, as systemd's "
                + "SupplementaryGroups= does"
        case .system(let code): String(cString: strerror(code))
        case .other(let text): text
        }
    }
}
