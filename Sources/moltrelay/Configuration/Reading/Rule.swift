/// What must hold between settings. Not judged where one of its keys has an unusable value already.
struct Rule: Sendable {
    let severity: Finding.Severity
    /// The finding stands where the first of them that was set was set.
    let keys: [String]
    /// The sentence to say, or nil where all is well.
    let violation: @Sendable (ConfigurationDraft, Surroundings) -> String?

    static func error(
        _ keys: String...,
        unless violation: @escaping @Sendable (ConfigurationDraft, Surroundings) -> String?
    ) -> Rule {
        Rule(severity: .error, keys: keys, violation: violation)
    }

    static func warning(
        _ keys: String...,
        when violation: @escaping @Sendable (ConfigurationDraft, Surroundings) -> String?
    ) -> Rule {
        Rule(severity: .warning, keys: keys, violation: violation)
    }
}

extension ConfigurationDraft {
    mutating func judge(by rules: [Rule], in surroundings: Surroundings) {
        for rule in rules where unusable.isDisjoint(with: rule.keys) {
            guard let message = rule.violation(self, surroundings) else { continue }
            let key = rule.keys.first(where: isSet) ?? rule.keys[0]
            note(rule.severity, at: origin(of: key), key: key, message)
        }
    }

    /// What was set and asks for a feature that is not built. A default asks for nothing.
    mutating func noteMissingFeatures() {
        for setting in Schema.settings where isSet(setting.path) {
            guard let feature = setting.need?.asked(configuration) else { continue }
            noteMissing(feature, at: origin(of: setting.path), key: setting.path)
        }
    }
}
