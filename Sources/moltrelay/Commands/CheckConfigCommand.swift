import ArgumentParser

struct CheckConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config",
        abstract: "Tell everything that is wrong with a configuration, and what this build cannot do of it.",
        discussion: """
            Looks at what `serve` would look at: the file, and the MOLTRELAY_* environment variables that beat it. \
            Nothing is bound or connected to.

            Exit codes: 0 the relay would start (there may be warnings), 1 it would not, 64 wrong usage.

            Examples:
              moltrelay check-config --config /etc/moltrelay/config.yaml
              moltrelay check-config --config config.yaml --effective
              moltrelay check-config --config config.yaml --format json
            """
    )

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case text, json
    }

    @OptionGroup var source: ConfigurationSource

    @Option(help: "text or json.")
    var format = Format.text

    @Flag(help: "Also print every setting with its value and where that came from; secrets are withheld.")
    var effective = false

    @Flag(help: .hidden)
    var printReference = false

    func run() throws {
        guard !printReference else { return print(Reference.markdown, terminator: "") }
        let loaded = source.load()
        switch format {
        case .text: print((effective ? loaded.effectiveText + "\n" : "") + loaded.report.text, terminator: "")
        case .json: print(try ConfigurationReportDocument(loaded, withEffective: effective).text, terminator: "")
        }
        guard loaded.report.isAcceptable else { throw ExitCode(1) }
    }
}
