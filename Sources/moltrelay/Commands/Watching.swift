import ArgumentParser
import Foundation

/// The flags of a command that can look again and again.
struct Watching: ParsableArguments {
    @Flag(help: "Look again and again, until ctrl-C.")
    var watch = false

    @Option(help: ArgumentHelp("How often with --watch.", valueName: "duration"))
    var every = Span(seconds: 2)

    /// At a terminal each look takes the place of the one before; elsewhere they follow one another.
    func every(_ look: () throws -> String) throws {
        guard watch else { return try Terminal.print(look()) }
        let isTerminal = isatty(STDOUT_FILENO) == 1
        while true {
            let text = try look()
            try Terminal.print(isTerminal ? Terminal.clear + text : text)
            Thread.sleep(forTimeInterval: Double(every.seconds))
        }
    }
}

/// One line, as the relay writes its own documents.
func jsonLine(_ document: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(document), as: UTF8.self)
}
