import ArgumentParser
import Listening

struct ConnectionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connections",
        abstract: "List the connections of the relay on this machine, or close some.",
        subcommands: [ConnectionsListCommand.self, ConnectionsCloseCommand.self],
        defaultSubcommand: ConnectionsListCommand.self
    )
}

func checkAddress(_ address: String?) throws {
    guard let address, AddressBlock(address) == nil else { return }
    let meant = AddressBlock.containing(address).map { "; \($0.description) is one" } ?? ""
    throw ValidationError("'\(address)' is no IP address, nor a network as 203.0.113.0/24\(meant).")
}
