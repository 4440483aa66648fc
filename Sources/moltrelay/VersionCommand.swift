import ArgumentParser

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the version of this build."
    )

    func run() {
        print("moltrelay 0.1.0")
    }
}
