import ArgumentParser
import Foundation
import RelayAdmin

/// The flags of every command that speaks to the running relay.
struct RelayOnThisMachine: ParsableArguments {
    @OptionGroup var source: ConfigurationSource

    @Option(
        help: ArgumentHelp("The admin socket, where it cannot be found.", valueName: "path"),
        completion: .file()
    )
    var socket: String?

    var client: AdminClient {
        AdminClient(socketPath: socket ?? source.load().configuration.admin.socket)
    }

    /// As `ask`, for what goes on.
    func follow(as command: String, _ body: (AdminClient) throws -> Void) throws {
        do {
            try body(client)
        } catch let error as AdminClientError {
            throw try Self.unavailable(command, error)
        }
    }

    /// Says on standard error what is in the way, and ends with 69.
    func ask<Answer>(
        as command: String,
        within patience: Duration = .seconds(5),
        _ question: (AdminClient) throws(AdminClientError) -> Answer
    ) throws -> Answer {
        let client = AdminClient(socketPath: socket ?? source.load().configuration.admin.socket, timeout: patience)
        do {
            return try question(client)
        } catch {
            throw try Self.unavailable(command, error)
        }
    }

    private static func unavailable(_ command: String, _ error: AdminClientError) throws -> ExitCode {
        try FileHandle.standardError.write(contentsOf: Data("moltrelay \(command): \(error)\n".utf8))
        return ExitCode(EX_UNAVAILABLE)
    }
}
