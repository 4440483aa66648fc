import ArgumentParser
import Foundation
import Identity
import RelayClient
import WireProtocol

/// The flags of every command that is an agent.
struct AgentOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Where the relay takes agents.", valueName: "url"))
    var relay = "ws://127.0.0.1:8443/v1/connect"

    @Option(help: ArgumentHelp("Who this agent is. Without it a name made of the key.", valueName: "id"))
    var agentId: String?

    @Option(
        help: ArgumentHelp(
            "The agent's private key, PKCS#8 in PEM (`moltrelay keygen`). Without it a key for this one run.",
            valueName: "file"
        ),
        completion: .file()
    )
    var key: String?

    @Flag(help: "Make the key file where there is none.")
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

    func validate() throws {
        if createKey, key == nil { throw ValidationError("--create-key needs --key.") }
        _ = try address()
        if agentId?.isEmpty ?? false { throw ValidationError("--agent-id needs an id.") }
    }

    /// Reads the files. A key made here is said on standard error, where the result of the command is not.
    func configuration() throws -> RelayClient.Configuration {
        let key = try privateKey()
        let agent = agentId ?? Self.name(of: key.publicKey)
        if self.key == nil { try Terminal.note("this run is agent \(agent), with a key of its own that is not kept") }
        var configuration = RelayClient.Configuration(relay: try address(), agentID: agent, key: key)
        configuration.relayKey = relayKey
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

    private func privateKey() throws -> Ed25519.PrivateKey {
        guard let file = key else { return try .generate() }
        if createKey, !FileManager.default.fileExists(atPath: file) {
            let made = try Ed25519.PrivateKey.generate()
            try KeyFile.write(made.pem(), to: file)
            try Terminal.note("made the key \(file)")
        }
        return try KeyFile.readPrivateKey(file)
    }

    /// The first key that claims an id keeps it, so a key nobody chose an id for gets one that no other key would claim.
    static func name(of key: Ed25519.PublicKey) -> String {
        "key-" + Hex.encode(SHA256.hash(key.bytes).prefix(8))
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
