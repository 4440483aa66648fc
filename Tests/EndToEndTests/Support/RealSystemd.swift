import FoundationEssentials
import Glibc
import Testing

/// systemd itself, as the first process of a namespace, with the unit that ships. It shares the network and the
/// programs of this machine, and no place that anything writes to.
final class RealSystemd: Sendable {
    private let process: ChildProcess
    private let group: String

    /// - Parameter dropIn: lines of a `[Service]` section over the unit's own.
    init(in folder: RelayFolder, dropIn: [String]) async throws {
        let found = try await Programs.run("findmnt", ["--noheadings", "--output", "TARGET", "--types", "cgroup2"])
        group = try #require(found.lines.first, "no cgroup v2 here") + "/moltrelay-test-\(getpid())"
        _ = try folder.write((["[Service]"] + Self.changes + dropIn).joined(separator: "\n") + "\n", to: "test.conf")
        process = try ChildProcess(
            "/usr/bin/env",
            [
                "bash", "-euc", Self.outside, "bash", group, Self.inside, Programs.repository, folder.path,
                Programs.relay,
            ],
            environment: ["PATH": Programs.path],
            mergingErrors: true
        )
    }

    deinit { process.send(SIGKILL) }

    /// The unit's user is made by its installation.
    private static let changes = [
        "User=nobody", "Group=nogroup", "ExecStart=",
        "ExecStart=/usr/local/bin/moltrelay serve --config /run/config.yaml",
        "Environment=SWIFT_BACKTRACE=enable=no",
    ]

    private static let outside = """
        mkdir "$1"
        echo $$ > "$1/cgroup.procs"
        shift
        exec unshare --cgroup --mount --pid --ipc --uts --fork --kill-child bash -euc "$@"
        """

    private static let inside = """
        mount --make-rprivate /
        umount --recursive /sys/fs/cgroup
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        mount -t proc proc /proc
        # The kernel's settings are this machine's.
        mount --bind /proc/sys /proc/sys
        mount -o remount,bind,ro /proc/sys
        for folder in /run /var/lib /var/log /usr/local/bin; do mount -t tmpfs tmpfs "$folder"; done
        touch /usr/local/bin/moltrelay
        mount --bind "$2" /usr/local/bin/moltrelay
        install -m 0644 "$1/config.yaml" /run/config.yaml
        units=/run/systemd/system
        mkdir -p $units/moltrelay.service.d
        # Nothing else of this machine is to start.
        sed -e '/^Wants=/d' -e '/^After=/d' -e 's/^.Unit.$/&\\nDefaultDependencies=no/' \\
            "$0/deploy/systemd/moltrelay.service" > $units/moltrelay.service
        cp "$1/test.conf" $units/moltrelay.service.d/
        exec env -i PATH="$PATH" container=test /lib/systemd/systemd --system --unit=moltrelay.service \\
            --log-target=console --show-status=0
        """

    /// Of the unit, once `wanted` says so.
    func state(until wanted: ([String: String]) -> Bool, location: SourceLocation = #_sourceLocation) async throws
        -> [String: String]
    {
        var state: [String: String] = [:]
        for _ in 0..<Relay.patience {
            let shown = try await run("systemctl", "show", "moltrelay")
            for line in shown.lines {
                let parts = line.split(separator: "=", maxSplits: 1)
                if parts.count == 2 { state[String(parts[0])] = String(parts[1]) }
            }
            if wanted(state) { return state }
        }
        let shown = state.filter { ["ActiveState", "SubState", "StatusText", "Result"].contains($0.key) }
        Issue.record("\(shown): \(process.output.lines)", sourceLocation: location)
        return state
    }

    func run(_ command: String...) async throws -> Programs.Outcome {
        let there = """
            exec nsenter --target "$(pgrep --parent $0)" --mount --pid env RUNTIME_DIRECTORY=/run/moltrelay "$@"
            """
        return try await Programs.run("bash", ["-euc", there, "\(process.pid)"] + command)
    }

    /// The relay's process, as this side of the namespace numbers it.
    func relayProcess() throws -> String {
        let members = try String(
            contentsOf: URL(filePath: group + "/system.slice/moltrelay.service/cgroup.procs"),
            encoding: .utf8
        )
        return try #require(members.split(separator: "\n").first.map(String.init))
    }

    /// With all that runs in it.
    func end() async throws {
        process.send(SIGKILL)
        _ = await process.end()
        let removed = try await Programs.shell("until find \(group) -depth -type d -exec rmdir {} + 2>&-; do :; done")
        #expect(removed.ending == .exit(0), "\(removed.text)")
    }
}
