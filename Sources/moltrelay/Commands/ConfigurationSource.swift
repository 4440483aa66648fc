import ArgumentParser

/// The flags of every command that reads the relay's configuration.
struct ConfigurationSource: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The configuration file, else \(configurationFileVariable) names it. Without one the relay listens on "
                + "loopback only.",
            valueName: "file"
        ),
        completion: .file(extensions: ["yaml", "yml"])
    )
    var config: String?

    @Option(
        help: ArgumentHelp("Where the relay keeps its database and admin socket.", valueName: "folder"),
        completion: .directory
    )
    var stateDirectory: String?

    func load(overrides: [ConfigurationLoader.Override] = []) -> LoadedConfiguration {
        ConfigurationLoader(
            file: config,
            overrides: overrides,
            stateDirectory: stateDirectory,
            surroundings: .ofThisProcess()
        ).load()
    }

    func validate() throws {
        if let config, config.isEmpty { throw ValidationError("--config needs the name of a file.") }
        if let stateDirectory, stateDirectory.isEmpty { throw ValidationError("--state-directory needs a folder.") }
    }
}
