import ArgumentParser
import Identity
import WireProtocol

struct KeygenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen",
        abstract: "Make an Ed25519 key for an agent, an organisation or the relay.",
        discussion: """
            Writes the private key as PKCS#8 in PEM, readable by its owner only, and prints the public key as it stands \
            in configurations and documents. With --agent-id the second line is the hash that other agents address.

            A file that exists is never overwritten.

            Examples:
              moltrelay keygen --out agent.key --agent-id agent:alice@acme
              moltrelay keygen --out org.key --public-out org.pub
              moltrelay keygen --out - | openssl pkey -noout -text
            """
    )

    @Option(
        help: ArgumentHelp("Where the private key goes; - is standard output.", valueName: "file"),
        completion: .file()
    )
    var out: String

    @Option(help: ArgumentHelp("Where the public key goes too, in PEM.", valueName: "file"), completion: .file())
    var publicOut: String?

    @Option(help: ArgumentHelp("Print the hash of this agent id.", valueName: "id"))
    var agentId: String?

    func run() throws {
        let key = try Ed25519.PrivateKey.generate()
        try write(key)
        let text = [key.publicKey.text] + (agentId.map { [AgentHash(agentID: $0).description] } ?? [])
        // Standard output holds the PEM then, for a pipe to read.
        try OutputFile.report(text.joined(separator: "\n") + "\n", besides: out)
    }

    private func write(_ key: Ed25519.PrivateKey) throws {
        try OutputFile.write(key.pem(), to: out, mode: 0o600)
        guard let publicOut else { return }
        do {
            try OutputFile.write(key.publicKey.pem(), to: publicOut, mode: 0o644)
        } catch {
            OutputFile.remove(out)
            throw error
        }
    }
}
