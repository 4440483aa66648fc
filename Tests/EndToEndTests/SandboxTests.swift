import FoundationEssentials
import Testing

extension EndToEnd {
    /// What deploy/ promises of the relay, with the means of the kernel: the unit's system calls, the image's root.
    @Suite struct SandboxTests {
        private func exchange(through relay: Relay) async throws {
            let alice = try await PythonAgent.connected("alice", to: relay)
            try await alice.tell("send", ["to": "bob", "delivery": 2, "settle": true])
            let bob = try await PythonAgent.connected("bob", to: relay)
            try await bob.tell("expect", ["ack": true])
            _ = try await relay.scrape()
            #expect(try await relay.command("status").ending == .exit(0))
        }

        @Test func theUnitAllowsEverySystemCallTheRelayMakes() async throws {
            let folder = try RelayFolder()
            let trace = folder.path + "/trace"
            // Not as root, for whom SQLite makes calls that it spares the unit's user. -D: the relay itself stays this
            // test's child.
            let script = """
                chown -R 65534:65534 \(folder.path)
                exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs \
                    strace -D -f -qq -o \(trace) "$@"
                """
            let relay = try await Relay.start(in: folder, wrapper: ["bash", "-euc", script, "bash"])
            try await exchange(through: relay)
            #expect(await relay.stop() == .exit(0))

            let text = String(decoding: try Data(contentsOf: URL(filePath: trace)), as: UTF8.self)
            let made = Set(text.matches(of: /(?m)^\d+ +([a-z0-9_]+)\(/).map { String($0.1) })
            #expect(made.contains("fdatasync") || made.contains("fsync"), "the trace is of something else: \(made)")
            let allowed = try await Self.calls(of: "@system-service").subtracting(Self.calls(of: "@privileged"))
            #expect(made.subtracting(allowed).sorted() == [])
        }

        /// A set with the sets it names; `@default` is always allowed.
        private static func calls(of set: String) async throws -> Set<String> {
            let listed = try await Programs.run("systemd-analyze", ["syscall-filter", set])
            try #require(listed.ending == .exit(0), "\(listed.text)")
            var calls: Set<String> = []
            for line in listed.lines.dropFirst() {
                let word = line.drop { $0 == " " }
                if word.hasPrefix("@") {
                    calls.formUnion(try await Self.calls(of: String(word)))
                } else if !word.hasPrefix("#") {
                    calls.insert(String(word))
                }
            }
            return calls
        }

        @Test func aReadOnlyRootAndNobodyAreEnough() async throws {
            let folder = try RelayFolder()
            let script = """
                mount --make-rprivate /
                mount --bind \(folder.path) \(folder.path)
                mount -o remount,bind,ro /
                ! touch /tmp/written 2>/dev/null
                chown -R 65534:65534 \(folder.path)
                exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs --bounding-set=-all "$@"
                """
            let relay = try await Relay.start(in: folder, wrapper: ["unshare", "-m", "bash", "-euc", script, "bash"])
            try await exchange(through: relay)
            #expect(await relay.stop() == .exit(0))
        }
    }
}
