import Foundation
import Glibc

/// A terminal taken over for as long as a command draws on it: its other screen, without echo and cursor.
final class TerminalScreen {
    enum Key {
        case quit
        case resized
    }

    /// How often a change of size is looked for: its signal may reach another thread than the one that waits.
    private static let sizeCheckMilliseconds = 200.0
    private static let enter = "\u{1B}[?1049h\u{1B}[?25l"
    private static let leave = "\u{1B}[?25h\u{1B}[?1049l"

    private let earlier: termios
    private var isTaken = true

    init() throws {
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else { throw CocoaError(.featureUnsupported) }
        earlier = settings
        // Keys come at once, and Ctrl-C as a key: the screen is given back by the way out that q takes.
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
        tcsetattr(STDIN_FILENO, TCSANOW, &settings)
        try FileHandle.standardOutput.write(contentsOf: Data(Self.enter.utf8))
    }

    deinit { restore() }

    func restore() {
        guard isTaken else { return }
        isTaken = false
        var earlier = earlier
        tcsetattr(STDIN_FILENO, TCSANOW, &earlier)
        // A terminal that is gone needs nothing back.
        try? FileHandle.standardOutput.write(contentsOf: Data(Self.leave.utf8))
    }

    var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Over what is there, line by line, in one write: nothing is blank in between, so nothing flickers.
    func draw(_ lines: [TopLine]) throws {
        let hasColour = getenv("NO_COLOR") == nil
        let text = lines.map { hasColour ? $0.coloured : $0.plain }.joined(separator: "\u{1B}[K\r\n")
        try FileHandle.standardOutput.write(contentsOf: Data("\u{1B}[H\(text)\u{1B}[K\u{1B}[J".utf8))
    }

    /// nil where the time passed, or a key came that means nothing.
    func key(withinMilliseconds limit: Int32) -> Key? {
        let end = ContinuousClock.now + .milliseconds(Int64(limit))
        let before = size
        while true {
            let left = (end - .now) / .milliseconds(1)
            guard left > 0 else { return nil }
            var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            let count = poll(&input, 1, Int32(min(left, Self.sizeCheckMilliseconds).rounded(.up)))
            guard size == before else { return .resized }
            guard count > 0 else { continue }
            var byte: UInt8 = 0
            guard read(STDIN_FILENO, &byte, 1) == 1 else { return .quit }
            // q, Ctrl-C and Ctrl-D.
            if [UInt8(ascii: "q"), UInt8(ascii: "Q"), 3, 4].contains(byte) { return .quit }
        }
    }
}
