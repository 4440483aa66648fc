import ArgumentParser
import Foundation
import Identity
import RelayClient
import WireProtocol

/// The flags of every command that is an agent.
struct AgentOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Where the relay takes agents.", valueName: "url"))
    var relay = "ws://127.0.0.1:8443/v1/connect"

    @Option(help: ArgumentHelp("Who this agent is. Without it, a name made of the key.", valueName: "id"))
    var agentId: String?

    @Option(
        help: ArgumentHelp(
            "The agent's private key, PKCS#8 in PEM (`moltrelay keygen`). Without it, one kept for --agent-id in the "
                + "state folder of your home; without both, one for this run.",
            valueName: "file"
        ),
        completion: .file()
    )
    var key: String?

    @Flag(help: "Make the file of --key where there is none.")
    var createKey = false

    @Option(
        help: ArgumentHelp("What an organisation signed for this agent (`moltrelay attest`).", valueName: "file"),
        completion: .file()
    )
    var attestation: String?

    @Option(
        help: ArgumentHelp("Talk to the relay with this key only.", valueName: "ed25519:..."),
        transform: { try Ed25519.PublicKey(text: $0) }
    )
    var relayKey: Ed25519.PublicKey?

    @Option(
        help: ArgumentHelp(
            "Authorities that a wss:// relay's certificate may come from, in PEM. Without it, the system's.",
            valueName: "file"
        ),
        completion: .file()
    )
    var caFile: String?

    func validate() throws {
        if createKey, key == nil { throw ValidationError("--create-key needs --key.") }
        _ = try address()
        if agentId?.isEmpty ?? false { throw ValidationError("--agent-id needs an id.") }
    }

    /// Reads the files. What is made here is told on standard error, where the result of the command is not.
    func configuration() throws -> RelayClient.Configuration {
        let identity = try AgentKey(agentID: agentId, file: key, createsFile: createKey)
        if let note = identity.note { try Terminal.note(note) }
        var configuration = RelayClient.Configuration(
            relay: try address(),
            agentID: identity.agentID,
            key: identity.key
        )
        configuration.relayKey = relayKey
        configuration.authorities = caFile
        configuration.retriesFirstConnection = false
        if let attestation {
            configuration.attestation = try OrgAttestation(json: Array(Data(contentsOf: URL(filePath: attestation))))
        }
        return configuration
    }

    private func address() throws -> RelayAddress {
        do throws(RelayAddress.Failure) {
            return try RelayAddress(relay)
        } catch {
            throw ValidationError("--relay: \(error).")
        }
    }
}

extension ConnectionFailure {
    /// sysexits(3).
    var exitCode: ExitCode {
        switch self {
        case .authenticationRefused(let refusal) where refusal.retryAllowed: ExitCode(EX_TEMPFAIL)
        case .authenticationRefused, .relayUnproved, .relayKeyDiffers, .relayProofInvalid,
            .boundAuthenticationUnavailable:
            ExitCode(EX_NOPERM)
        default: ExitCode(EX_UNAVAILABLE)
        }
    }
}
