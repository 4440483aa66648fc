import Glibc

/// The relay on this machine was not reached, or did not say what it should.
public struct AdminClientError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Reason: Error, Sendable, Equatable {
        /// There is no socket.
        case notRunning
        /// There is a socket, and nobody listens on it.
        case gone
        case permissionDenied
        case timedOut
        /// It has no such page or verb.
        case unknownRequest(String)
        case refused(status: Int, String)
        case unreadable(String)
        case system(code: Int32)
    }

    public var socketPath: String
    public var reason: Reason

    public var description: String {
        switch reason {
        case .notRunning: "no relay is running: there is no admin socket at \(socketPath)"
        case .gone: "no relay is running: nobody listens on \(socketPath), which a relay that died left behind"
        case .permissionDenied: "permission denied on \(socketPath): run this as the relay's user, or as root"
        case .timedOut: "the relay behind \(socketPath) does not answer"
        case .unknownRequest(let request):
            "the relay behind \(socketPath) does not know \(request): it is older than this command and has to be restarted"
        case .refused(400, let text): "the relay behind \(socketPath) refuses: \(text)"
        case .refused(let status, let text): "the relay behind \(socketPath) answers \(status): \(text)"
        case .unreadable(let text): "what answers on \(socketPath) is no relay of this version: \(text)"
        case .system(let code): "cannot reach \(socketPath): \(String(cString: strerror(code)))"
        }
    }
}

extension AdminClientError.Reason {
    init(code: Int32) {
        switch code {
        case ENOENT, ENOTDIR: self = .notRunning
        case ECONNREFUSED: self = .gone
        case EACCES, EPERM: self = .permissionDenied
        case EAGAIN, ETIMEDOUT: self = .timedOut
        default: self = .system(code: code)
        }
    }
}
