import ArgumentParser
import Foundation

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the version of this build and what it runs on."
    )

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let identity = BuildIdentity()
        print(json ? try Self.document(identity) : Self.text(identity))
    }

    private static func text(_ identity: BuildIdentity) -> String {
        """
        moltrelay \(identity.version)
        Swift     \(identity.swift)
        system    \(identity.os), \(identity.architecture)
        """
    }

    private static func document(_ identity: BuildIdentity) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(identity), as: UTF8.self)
    }
}
