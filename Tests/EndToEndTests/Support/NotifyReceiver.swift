import Glibc

/// Stands for systemd: a datagram socket as `$NOTIFY_SOCKET`. Each datagram is a line of `heard`, its own lines joined
/// by spaces.
final class NotifyReceiver: Sendable {
    enum Place: String, CaseIterable {
        case path, abstract
    }

    let heard = LineLog()
    /// As the variable has it.
    let name: String
    private let descriptor: Int32

    /// - Parameter reads: false for one that takes nothing: whoever sends finds the socket full.
    init(_ place: Place, in folder: RelayFolder, reads: Bool = true) throws {
        name = (place == .path ? "" : "@") + folder.path + "/notify"
        descriptor = try Self.bind(name)
        if reads { heard.readDatagrams(from: descriptor) }
        // One that does not read stays open to the end of the tests.
    }

    deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// As environment of `Relay.start(in:wrapper:)`, which goes through env(1).
    func variables(watchdogMicroseconds: Int? = nil) -> [String] {
        ["NOTIFY_SOCKET=\(name)"] + (watchdogMicroseconds.map { ["WATCHDOG_USEC=\($0)"] } ?? [])
    }

    func count(of line: String) -> Int {
        heard.lines.count { $0.split(separator: " ").contains(line[...]) }
    }

    /// The first datagram from `index` on with that line, once it is there.
    func notice(_ line: String, from index: Int = 0) async -> String? {
        await first(from: index) { $0.split(separator: " ").contains(line[...]) }
    }

    /// The first datagram from `index` on that `wanted` accepts; nil where the test's time is over before.
    func first(from index: Int = 0, where wanted: @escaping @Sendable (String) -> Bool) async -> String? {
        await withTaskCancellationHandler {
            await heard.first(from: index, where: wanted)
        } onCancel: {
            shutdown(descriptor, Int32(SHUT_RDWR))
        }
    }

    /// Until no datagram fits any more, of whomever: a sender's own buffer may be full before.
    func fill() {
        var sent = 1
        while sent > 0 {
            let sender = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
            defer { close(sender) }
            sent = 0
            _ = Self.withAddress(name) { address, length in
                while sendto(sender, "x", 1, 0, address, length) == 1 { sent += 1 }
                return 0
            }
        }
    }

    private static func bind(_ name: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard withAddress(name, { Glibc.bind(descriptor, $0, $1) }) == 0 else {
            throw ChildProcess.CannotStart(description: "\(name): \(String(cString: strerror(errno)))")
        }
        return descriptor
    }

    private static func withAddress(_ name: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}
