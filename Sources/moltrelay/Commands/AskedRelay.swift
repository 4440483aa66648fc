import ArgumentParser
import Foundation
import HTTPClient
import Identity
import RelayAdmin
import RelayTLS

/// The flags of every command that speaks to a running relay: the one on this machine, unless told otherwise.
struct AskedRelay: ParsableArguments {
    @OptionGroup var source: ConfigurationSource

    @Option(
        help: ArgumentHelp("The admin socket, where it cannot be found.", valueName: "path"),
        completion: .file()
    )
    var socket: String?

    @Option(help: ArgumentHelp("A relay elsewhere, by its HTTP listener (admin.http).", valueName: "https://host:port"))
    var admin: String?

    @Option(
        help: ArgumentHelp("The token for --admin. Without it, that of admin.token_file.", valueName: "file"),
        completion: .file()
    )
    var tokenFile: String?

    @Option(
        help: ArgumentHelp(
            "Authorities that the certificate of --admin may come from, in PEM. Without it, the system's.",
            valueName: "file"
        ),
        completion: .file()
    )
    var caFile: String?

    @Flag(help: "Send the token without TLS to another machine, over a network that nobody else reads.")
    var plainHttp = false

    func validate() throws {
        guard let admin else {
            guard tokenFile == nil, caFile == nil, !plainHttp else {
                throw ValidationError("--token-file, --ca-file and --plain-http need --admin.")
            }
            return
        }
        if socket != nil { throw ValidationError("--socket is on this machine, --admin elsewhere: give one.") }
        let endpoint = try Self.endpoint(admin)
        guard endpoint.isTLS || plainHttp || endpoint.origin.isLoopback else {
            throw ValidationError("--admin: http:// would send the token in the clear: https://, or --plain-http.")
        }
    }

    /// As `ask`, for what goes on.
    func follow(as command: String, _ body: (AdminClient) throws -> Void) throws {
        do {
            try body(try client(as: command))
        } catch let error as AdminClientError {
            throw try Self.unavailable(command, "\(error)")
        }
    }

    /// Says on standard error what is in the way, and ends with 69.
    func ask<Answer>(
        as command: String,
        within patience: Duration = .seconds(5),
        _ question: (AdminClient) throws(AdminClientError) -> Answer
    ) throws -> Answer {
        let client = try client(as: command, within: patience)
        do {
            return try question(client)
        } catch {
            throw try Self.unavailable(command, "\(error)")
        }
    }

    func client(as command: String, within patience: Duration = .seconds(5)) throws -> AdminClient {
        guard let admin else {
            return AdminClient(.socket(socket ?? source.load().configuration.admin.socket), timeout: patience)
        }
        let endpoint = try Self.endpoint(admin)
        do {
            guard let file = tokenFile ?? source.load().configuration.admin.tokenFile else {
                throw NoToken()
            }
            let port = AdminPort(
                host: endpoint.origin.host,
                port: endpoint.origin.port,
                token: try KeyFile.readToken(file),
                tls: endpoint.isTLS ? try TLSClient(authorities: caFile) : nil
            )
            return AdminClient(.port(port), timeout: patience)
        } catch {
            throw try Self.unavailable(command, "\(error)")
        }
    }

    private static func endpoint(_ text: String) throws -> HTTPEndpoint {
        do throws(HTTPEndpoint.Unusable) {
            let endpoint = try HTTPEndpoint(text, defaultPort: 8080)
            guard endpoint.path == "/" else { throw HTTPEndpoint.Unusable.notHTTP }
            return endpoint
        } catch {
            throw ValidationError("--admin: '\(text)' \(error): https://relay.example.com or http://127.0.0.1:8080.")
        }
    }

    private struct NoToken: Error, CustomStringConvertible {
        let description = "--admin needs a token: --token-file names a copy of the relay's admin.token_file"
    }

    private static func unavailable(_ command: String, _ reason: String) throws -> ExitCode {
        try FileHandle.standardError.write(contentsOf: Data("moltrelay \(command): \(reason)\n".utf8))
        return ExitCode(EX_UNAVAILABLE)
    }
}

extension HTTPOrigin {
    fileprivate var isLoopback: Bool { HostPort(host: host, port: port).isLoopback }
}
