import ArgumentParser
import Identity
import WireProtocol

/// An agent as a command names it: by its id, or by its hash or the first 16 digits of that and more.
struct AgentName: ExpressibleByArgument {
    /// As it was typed.
    let text: String
    let prefix: AgentPrefix
    /// nil where only some digits were given.
    let hash: AgentHash?

    /// All that is known of its hash.
    var forRelay: String { hash?.description ?? prefix.description }

    static let help = "The agent's id, or sha256: and 16 or more digits of its hash."

    init?(argument: String) {
        text = argument
        guard argument.hasPrefix("sha256:") else {
            let hash = AgentHash(agentID: argument)
            (self.hash, prefix) = (hash, AgentPrefix(hash))
            return
        }
        guard let prefix = AgentPrefix(argument) else { return nil }
        (self.prefix, hash) = (prefix, AgentHash(argument))
    }
}
