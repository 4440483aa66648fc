import Foundation
import Glibc
import ProgramFixture

/// A terminal with a command of ours on it, as somebody has who types.
final class PseudoTerminal {
    struct Unavailable: Error {
        let code: Int32
    }

    /// What a machine under load may take before a test gives up.
    private static let patience = 60_000 as Int32

    // TIOCSPTLCK and TIOCGPTPEER of ioctl_tty(2), which Glibc leaves out.
    private static let lock = 0x4004_5431 as UInt
    private static let peer = 0x5441 as UInt

    private let master: Int32
    private let slave: FileHandle
    private let process = Process()
    /// What was drawn so far.
    private(set) var seen = ""

    init(columns: UInt16 = 80, rows: UInt16 = 24) throws {
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var unlocked: CInt = 0
        guard master >= 0, ioctl(master, Self.lock, &unlocked) == 0 else { throw Unavailable(code: errno) }
        let descriptor = ioctl(master, Self.peer, O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Unavailable(code: errno) }
        slave = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        resize(columns: columns, rows: rows)
    }

    deinit {
        if process.isRunning { process.terminate() }
        close(master)
    }

    func run(_ arguments: [String]) throws {
        let products = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        process.executableURL = products.appendingPathComponent("moltrelay")
        process.arguments = arguments
        process.environment = ["HOME": "/nonexistent", "TERM": "xterm"]
        process.standardInput = slave
        process.standardOutput = slave
        process.standardError = slave
        try process.runInTurn()
    }

    func resize(columns: UInt16, rows: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }

    func type(_ text: String) { _ = Array(text.utf8).withUnsafeBytes { write(master, $0.baseAddress, $0.count) } }

    /// Takes what is drawn until `isEnough`; false where nothing more comes.
    func reads(until isEnough: (String) -> Bool) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while !isEnough(seen) {
            var entry = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, Self.patience) > 0 else { return false }
            let count = read(master, &chunk, chunk.count)
            guard count > 0 else { return false }
            seen += String(decoding: chunk[..<count], as: UTF8.self)
        }
        return true
    }

    func forget() { seen = "" }

    /// Whether what is typed comes back, and a line at a time.
    var isCooked: Bool {
        var settings = termios()
        guard tcgetattr(slave.fileDescriptor, &settings) == 0 else { return false }
        return settings.c_lflag & tcflag_t(ECHO | ICANON | ISIG) == tcflag_t(ECHO | ICANON | ISIG)
    }

    func end() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }
}
