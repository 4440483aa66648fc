import Glibc

/// The bytes of a configuration file, read and judged as text; what they mean is the schema's business.
struct ConfigurationFile {
    /// No honest configuration is larger; what is (a log, a database, /dev/zero) is somebody's slip.
    static let maxBytes = 1 << 20

    /// As it was given on the command line: messages begin with it.
    let name: String
    let text: String

    init(name: String) throws(YAMLDocument.Problem) {
        self.name = name
        text = try Self.text(of: Self.bytes(of: name))
    }

    private static func bytes(of name: String) throws(YAMLDocument.Problem) -> [UInt8] {
        let descriptor = open(name, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable() }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: maxBytes + 1)
        var count = 0
        while count < bytes.count {
            let taken = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress! + count, $0.count - count) }
            guard taken >= 0 else { throw .unreadable() }
            guard taken > 0 else { return Array(bytes[..<count]) }
            count += taken
        }
        throw .init(position: nil, message: "larger than \(maxBytes) bytes: no configuration")
    }

    static func text(of bytes: [UInt8]) throws(YAMLDocument.Problem) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        throw .init(position: firstInvalid(in: bytes), message: "not UTF-8 text")
    }

    private static func firstInvalid(in bytes: [UInt8]) -> Position {
        var position = Position(line: 1, column: 1)
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            position = scalar == "\n" ? Position(line: position.line + 1, column: 1) : position.advancedOneColumn
        }
        return position
    }
}

extension Position {
    fileprivate var advancedOneColumn: Position { Position(line: line, column: column + 1) }
}

extension YAMLDocument.Problem {
    /// From errno.
    fileprivate static func unreadable() -> Self {
        Self(position: nil, message: "cannot be read: \(String(cString: strerror(errno)))")
    }
}
