/// A configuration with all there is to say about it.
struct LoadedConfiguration: Sendable {
    let configuration: Configuration
    let report: ConfigurationReport
    /// For each key in the schema's order: its value as text, secrets withheld, and where that came from.
    let effective: [EffectiveSetting]
}

struct EffectiveSetting: Sendable {
    var path: String
    var value: String
    var origin: Origin
}

/// Lays the layers over each other: default, file, environment, flags.
struct ConfigurationLoader: Sendable {
    /// A setting given on the command line.
    struct Override: Sendable {
        var flag: String
        var path: String
        var value: String
    }

    /// nil: no file, which moves some defaults to loopback.
    var file: String?
    var overrides: [Override] = []
    var stateDirectory: String?
    var surroundings: Surroundings

    /// `--config`, else MOLTRELAY_CONFIG.
    init(
        file: String? = nil,
        overrides: [Override] = [],
        stateDirectory: String? = nil,
        surroundings: Surroundings
    ) {
        let named = surroundings.environment[configurationFileVariable].flatMap { $0.isEmpty ? nil : $0 }
        self.file = file ?? named
        self.overrides = overrides
        self.stateDirectory = stateDirectory
        self.surroundings = surroundings
    }

    func load() -> LoadedConfiguration {
        var draft = ConfigurationDraft()
        if let file { draft.apply(fileNamed: file) }
        draft.apply(environment: surroundings.environment)
        for override in overrides { draft.apply(override) }
        let places = Places(surroundings: surroundings, stateDirectoryFlag: stateDirectory)
        draft.deriveDefaults(places, hasFile: file != nil)
        if !draft.isFileUnread {
            draft.noteMissingFeatures()
            draft.judge(by: Rule.all, in: surroundings)
        }
        return LoadedConfiguration(
            configuration: draft.configuration,
            report: ConfigurationReport(file: file, findings: draft.findings),
            effective: Schema.settings.map { draft.effective($0) }
        )
    }
}

extension ConfigurationDraft {
    fileprivate mutating func apply(_ override: ConfigurationLoader.Override) {
        guard let setting = Schema.byPath[override.path] else { return }
        apply(.text(override.value), to: setting, from: .flag(override.flag))
    }

    fileprivate func effective(_ setting: Setting) -> EffectiveSetting {
        EffectiveSetting(path: setting.path, value: setting.shown(configuration), origin: origin(of: setting.path))
    }
}

extension Setting {
    /// As text; a secret is withheld.
    func shown(_ configuration: Configuration) -> String {
        let value = show(configuration)
        return isSecret && !value.isEmpty ? "(withheld)" : visible(value)
    }
}
