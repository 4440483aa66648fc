/// The folders a relay is given or finds for itself. A read-only root with any uid works: nothing is assumed writable.
struct Places: Sendable {
    let surroundings: Surroundings
    /// `--state-directory`: everything of the relay is then in it, the admin socket too, so that several relays can
    /// run beside each other.
    let stateDirectoryFlag: String?

    struct Place: Sendable, Equatable {
        var path: String
        /// How it was found, as in "default, …".
        var reason: String
    }

    var stateFolder: Place? {
        if let stateDirectoryFlag { return Place(path: stateDirectoryFlag, reason: "in --state-directory") }
        if let folder = firstFolder("STATE_DIRECTORY") { return Place(path: folder, reason: "in $STATE_DIRECTORY") }
        if surroundings.isWritableFolder("/var/lib/moltrelay") {
            return Place(path: "/var/lib/moltrelay", reason: "in /var/lib/moltrelay")
        }
        if let folder = absolute("XDG_STATE_HOME") {
            return Place(path: "\(folder)/moltrelay", reason: "in $XDG_STATE_HOME")
        }
        return absolute("HOME").map { Place(path: "\($0)/.local/state/moltrelay", reason: "in the home folder") }
    }

    var databaseFile: Place? { stateFolder.map { $0.appending("relay.db") } }

    var adminSocket: Place? {
        if stateDirectoryFlag != nil { return stateFolder.map { $0.appending("admin.sock") } }
        if let folder = firstFolder("RUNTIME_DIRECTORY") {
            return Place(path: "\(folder)/admin.sock", reason: "in $RUNTIME_DIRECTORY")
        }
        if surroundings.isWritableFolder("/run/moltrelay") {
            return Place(path: "/run/moltrelay/admin.sock", reason: "in /run/moltrelay")
        }
        if let folder = absolute("XDG_RUNTIME_DIR") {
            return Place(path: "\(folder)/moltrelay/admin.sock", reason: "in $XDG_RUNTIME_DIR")
        }
        return stateFolder.map { $0.appending("admin.sock") }
    }

    /// systemd separates several folders with colons.
    private func firstFolder(_ name: String) -> String? {
        let value = surroundings.environment[name] ?? ""
        return value.split(separator: ":").first.map(String.init)
    }

    /// The XDG specification wants relative paths ignored.
    private func absolute(_ name: String) -> String? {
        surroundings.environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil }
    }
}

extension Places.Place {
    fileprivate func appending(_ name: String) -> Self {
        Self(path: path.hasSuffix("/") ? path + name : "\(path)/\(name)", reason: reason)
    }
}
