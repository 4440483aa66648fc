extension ConfigurationDraft {
    /// The defaults that depend on the machine, and on whether there is a file.
    mutating func deriveDefaults(_ places: Places, hasFile: Bool) {
        if hasFile {
            derive("server.listen.metrics", because: "every address with a configuration file") {
                $0.server.listen.metrics = HostPort(host: "0.0.0.0", port: 9090)
            }
        }
        derive("auth.relay_id", because: "the host's name") { [surroundings = places.surroundings] in
            let name = try? ValueType.identifier.read(.text(surroundings.hostName))
            $0.auth.relayID = name ?? "moltrelay"
        }
        if places.surroundings.printsToJournal {
            derive("logging.output", because: "standard output is the journal's") { $0.logging.output = .journald }
        }
        deriveCertificate(places.surroundings)
        configuration.stateFolder = places.stateFolder?.path
        derive("storage.sqlite.path", from: places.databaseFile) { $0.storage.sqlite.path = $1 }
        derive("admin.socket", from: places.adminSocket) { $0.admin.socket = $1 }
    }

    private mutating func derive(
        _ path: String,
        from place: Places.Place?,
        _ change: (inout Configuration, String) -> Void
    ) {
        guard let place else { return }
        derive(path, because: place.reason) { change(&$0, place.path) }
    }
}
