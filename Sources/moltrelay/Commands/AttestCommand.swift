import ArgumentParser
import Foundation
import Identity
import WireProtocol

struct AttestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attest",
        abstract: "Sign, as an organisation, that a key belongs to one of its agents.",
        discussion: """
            Prints the attestation as JSON; the agent sends it as org_attestation in AUTH. A relay believes it if the \
            organisation's name and public key are in its auth.trusted_orgs.

            Example:
              moltrelay keygen --out org.key
              moltrelay keygen --out agent.key
              moltrelay attest --org-key org.key --org-id acme \\
                --agent-id agent:alice@acme --public-key ed25519:... \\
                --capability send --capability receive --out alice.json
            """
    )

    @Option(
        help: ArgumentHelp("The organisation's private key, PKCS#8 in PEM.", valueName: "file"),
        completion: .file()
    )
    var orgKey: String

    @Option(help: ArgumentHelp("The organisation's name, as in trusted_orgs.", valueName: "name"))
    var orgId: String

    @Option(help: ArgumentHelp("The agent that is attested.", valueName: "id"))
    var agentId: String

    @Option(
        help: ArgumentHelp("The agent's public key.", valueName: "ed25519:..."),
        transform: { try Ed25519.PublicKey(text: $0) }
    )
    var publicKey: Ed25519.PublicKey

    @Option(help: ArgumentHelp("From now on: a number and s, m, h or d.", valueName: "duration"))
    var validFor = Span(days: 30)

    @Option(help: ArgumentHelp("What the agent may do; may be given several times.", valueName: "word"))
    var capability: [String] = []

    @Option(
        help: ArgumentHelp("Where the attestation goes; - is standard output.", valueName: "file"),
        completion: .file()
    )
    var out = OutputFile.standardOutput

    func run() throws {
        let now = UInt64(Date().timeIntervalSince1970 * 1000)
        let attestation = try attestation(issuedAt: now)
        try OutputFile.write(attestation.json + [UInt8(ascii: "\n")], to: out, mode: 0o644)
    }

    /// - Parameter issuedAt: unix milliseconds.
    func attestation(issuedAt: UInt64) throws -> OrgAttestation {
        try OrgAttestation.signed(
            by: KeyFile.readPrivateKey(orgKey),
            orgID: orgId,
            agentID: agentId,
            publicKey: publicKey,
            capabilities: capability,
            issuedAt: issuedAt,
            expiresAt: issuedAt + validFor.milliseconds
        )
    }

    func validate() throws {
        if orgId.isEmpty { throw ValidationError("--org-id needs a name.") }
        if agentId.isEmpty { throw ValidationError("--agent-id needs an id.") }
    }
}
