public import Logging

/// Fields of one log line under keys from an enum that lives where they are used:
/// `logger.log(.info, "listening", [AdminLogKey.address: "127.0.0.1:9090"])`.
public struct LogFields<Key: RawRepresentable & Sendable>: Sendable, ExpressibleByDictionaryLiteral
where Key.RawValue == String {
    let metadata: Logger.Metadata

    public init(dictionaryLiteral elements: (Key, Logger.MetadataValue)...) {
        metadata = Logger.Metadata(elements.map { ($0.rawValue, $1) }) { $1 }
    }
}

extension Logger {
    /// The text is constant; what varies is in the fields.
    public func log<Key>(
        _ level: Logger.Level,
        _ message: StaticString,
        _ fields: @autoclosure () -> LogFields<Key>,
        file: String = #fileID,
        function: String = #function,
        line: UInt = #line
    ) {
        log(
            level: level,
            "\(message)",
            metadata: fields().metadata,
            file: file,
            function: function,
            line: line
        )
    }
}
