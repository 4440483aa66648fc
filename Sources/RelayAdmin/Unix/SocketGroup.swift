import Glibc

/// A group of this machine whose members may use the socket.
public struct SocketGroup: Sendable, Equatable {
    public struct Unknown: Error, Equatable, CustomStringConvertible {
        public let name: String
        /// Who asked for it, as the operator wrote it.
        public let place: String

        public var description: String {
            "\(place): there is no group '\(name)' on this machine: create it (`groupadd --system \(name)`), or name another"
        }
    }

    let name: String
    let id: gid_t

    /// - Parameters:
    ///   - name: or a number, which needs no entry.
    ///   - place: where it is configured.
    public init(_ name: String, of place: String) throws(Unknown) {
        self.name = name
        if let number = gid_t(name), number != gid_t.max {
            id = number
        } else {
            guard let found = Self.id(of: name) else { throw Unknown(name: name, place: place) }
            id = found
        }
    }

    private static func id(of name: String) -> gid_t? {
        var entry = Glibc.group()
        var found: UnsafeMutablePointer<Glibc.group>?
        // A group of a directory service may have thousands of members.
        var room = [CChar](repeating: 0, count: 1 << 20)
        guard getgrnam_r(name, &entry, &room, room.count, &found) == 0, found != nil else { return nil }
        return entry.gr_gid
    }

    /// The group first: the mode would let in members of another.
    func give(_ path: String) throws {
        guard lchown(path, uid_t.max, id) == 0 else {
            guard errno == EPERM else { throw SystemFailure(code: errno) }
            throw ListenerError(address: path, reason: .groupNotOurs(name))
        }
        guard chmod(path, 0o660) == 0 else { throw SystemFailure(code: errno) }
    }
}
