import Glibc

/// A relay was not reached, or did not say what it should.
public struct AdminClientError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Reason: Error, Sendable, Equatable {
        /// There is no socket.
        case notRunning
        /// Nobody listens there.
        case gone
        case permissionDenied
        case timedOut
        /// It has no such page or verb.
        case unknownRequest(String)
        case unauthorized
        /// The host's name, in the resolver's words.
        case unresolved(String)
        /// No TLS, and why.
        case insecure(String)
        /// No TLS: the certificate is another host's.
        case otherName(String)
        case refused(status: Int, String)
        case unreadable(String)
        case system(code: Int32)
    }

    /// The path of a socket, or a URL.
    public var place: String
    public var reason: Reason

    public init(_ address: AdminAddress, reason: Reason) {
        place = address.description
        self.reason = reason
    }

    private var isSocket: Bool { !place.contains("://") }

    public var description: String {
        switch reason {
        case .notRunning: "no relay is running: there is no admin socket at \(place)"
        case .gone where isSocket:
            "no relay is running: nobody listens on \(place), which a relay that died left behind"
        case .gone: "nobody listens on \(place): the relay is not running, or its HTTP listener is elsewhere"
        case .permissionDenied:
            "permission denied on \(place): run this as the relay's user, as a member of admin.socket_group, or as root"
        case .timedOut: "the relay behind \(place) does not answer"
        case .unknownRequest(let request) where isSocket:
            "the relay behind \(place) does not know \(request): it is older than this command and has to be restarted"
        case .unknownRequest(let request):
            "\(place) does not know \(request): admin.http is not true there, or the relay is older than this command"
        case .unauthorized:
            "\(place) does not take this token: --token-file has to name a copy of the relay's admin.token_file"
        case .unresolved(let text): "cannot reach \(place): \(text)"
        case .insecure(let text) where !text.contains("certificate"):
            "no TLS with \(place): \(text); the relay itself speaks http://, and https:// is a proxy's in front of it"
        case .insecure(let text):
            "no TLS with \(place): \(text); --ca-file names the authority of a certificate that the system does not know"
        case .otherName(let text): "no TLS with \(place): \(text); --admin has to say a name that it is for"
        case .refused(400, let text): "the relay behind \(place) refuses: \(text)"
        case .refused(let status, let text): "the relay behind \(place) answers \(status): \(text)"
        case .unreadable(let text): "what answers on \(place) is no relay of this version: \(text)"
        case .system(let code): "cannot reach \(place): \(String(cString: strerror(code)))"
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
