/// docs/configuration.md, from the declarations: `moltrelay check-config --print-reference` prints it, and a test
/// holds the page to it.
enum Reference {
    static var markdown: String {
        ([introduction] + sections.map(section)).joined(separator: "\n")
    }

    private static var sections: [(name: String, settings: [Setting])] {
        Schema.root.names.map { name in
            (name, Schema.settings.filter { $0.path.hasPrefix(name + ".") })
        }
    }

    private static func section(_ name: String, _ settings: [Setting]) -> String {
        """
        ## `\(name)`

        | Key | Value | Default | Environment | What it does |
        | --- | --- | --- | --- | --- |
        \(settings.map(row).joined(separator: "\n"))

        """
    }

    private static func row(_ setting: Setting) -> String {
        let names = setting.environmentNames.map { "`\($0)`" }.joined(separator: ", ")
        let cells = [
            "`\(setting.path)`", setting.typeName, defaultCell(setting), names.isEmpty ? "in the file only" : names,
            setting.summary + availability(setting),
        ]
        return "| " + cells.map(escaped).joined(separator: " | ") + " |"
    }

    private static func defaultCell(_ setting: Setting) -> String {
        let text = setting.defaultText
        guard !text.isEmpty else { return "none" }
        return setting.isDefaultDescribed ? text : "`\(text)`"
    }

    private static func availability(_ setting: Setting) -> String {
        (setting.need?.features ?? []).map { " *Not in this build, refused at start: \($0.title).*" }.joined()
    }

    private static func escaped(_ cell: String) -> String {
        cell.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }
}

extension Reference {
    private static let introduction = """
        # Configuration

        Generated from the declarations in `Sources/moltrelay/Configuration/Schema`; do not edit. To renew it:
        `swift run moltrelay check-config --print-reference > docs/configuration.md`.

        `moltrelay serve --config config.yaml` reads one YAML file, UTF-8, at most 1 MiB. The keys are those of the
        deployment guide and, beside them, this relay's own. `deploy/config.example.yaml` is a commented file to start
        from. `MOLTRELAY_CONFIG` names the file where `--config` does not.

        ## Which value counts

        A flag beats the environment, which beats the file, which beats the default. Each key has an environment
        variable, `MOLTRELAY_` and its path in capitals with underscores; lists take commas. An empty variable counts as
        not set. `moltrelay check-config --effective` prints every value with where it came from; secrets are withheld.

        Any other `MOLTRELAY_*` variable is an error, so that a misspelt one is not a setting that is silently missing.
        Ignored are the names that Kubernetes injects for Services: `MOLTRELAY_PORT*`, `MOLTRELAY_SERVICE_*`,
        `MOLTRELAY_<name>_SERVICE_HOST`, `MOLTRELAY_<name>_SERVICE_PORT*`, `MOLTRELAY_<name>_PORT` with a `tcp://` value
        and `MOLTRELAY_<name>_PORT_<number>_TCP*`.

        ## Errors

        Unknown keys, keys that repeat, wrong types, values out of range and combinations that cannot work are all
        reported at once, in the order of the file, and the relay does not start (exit code 78; `check-config` ends with
        1):

        ```
        config.yaml:12:5: unknown key 'lisen' in server, did you mean 'listen'?
        ```

        A key that asks for what this build has not is refused the same way: a relay that ignored
        `cluster.enabled: true` would acknowledge messages into a queue that its peers never read.
        Keys of sections that are not in use (`storage.redis` while the queue is in SQLite) are checked and accepted.

        ## Reloading

        SIGHUP (`systemctl reload`) opens the log file again and reads all layers anew. These keys change at once, for
        connections that come later where they are about connections: `logging.level`, `auth.require_auth`,
        `auth.allow_anonymous`, `auth.trusted_orgs`, `server.public_names`, and all of `limits` but `outbox_max_bytes` and
        `slow_consumer_grace_ms`. A rate that changed begins anew; those of messages and bytes hold for agents that are
        connected too. Any other key that changed is named in a warning in the log and waits for
        a restart. A file that would not start the relay changes nothing, and an error in the log says why.

        ## Without a file

        `moltrelay serve` alone listens on loopback: WebSocket 127.0.0.1:8443 without TLS, HTTP 127.0.0.1:8080, metrics
        127.0.0.1:9090. With a file, metrics and health listen on every address, because a kubelet probes the pod's.

        ## Folders

        The state folder, where the database is kept, is the first of: `--state-directory`, `$STATE_DIRECTORY`
        (systemd's `StateDirectory=`), `/var/lib/moltrelay` if it is writable, `$XDG_STATE_HOME/moltrelay`,
        `~/.local/state/moltrelay`. The admin socket is the first of: `admin.socket`, the state folder where
        `--state-directory` names it, `$RUNTIME_DIRECTORY/admin.sock`, `/run/moltrelay/admin.sock` if that folder is
        writable, `$XDG_RUNTIME_DIR/moltrelay/admin.sock`, `admin.sock` in the state folder. Relative paths are relative
        to the working directory.

        """
}
