extension ConfigurationDraft {
    /// Empty counts as not set: compose files and unit files pass variables on that way.
    mutating func apply(environment: [String: String]) {
        let own = environment.filter { $0.key.hasPrefix("MOLTRELAY_") && !$0.value.isEmpty }
        for (name, value) in own.sorted(by: { $0.key < $1.key }) {
            guard name != configurationFileVariable, !isInjectedByKubernetes(name, value) else { continue }
            apply(value, of: name, beside: own)
        }
    }

    private mutating func apply(_ value: String, of name: String, beside others: [String: String]) {
        guard let setting = Schema.byEnvironmentName[name] else {
            let suggestion = nearest(name, among: knownVariables)
            return note(.error, at: .environment(name), "no setting has this name\(didYouMean(suggestion))")
        }
        if name == setting.alias, others[setting.environmentName] != nil {
            let message = "means the same as \(setting.environmentName), which is set too: remove one of them"
            return note(.error, at: .environment(name), key: setting.path, message)
        }
        apply(.text(value), to: setting, from: .environment(name))
    }
}

/// Names the file where `--config` does not.
let configurationFileVariable = "MOLTRELAY_CONFIG"

private let knownVariables = Schema.settings.flatMap(\.environmentNames) + [configurationFileVariable]

/// Kubernetes tells a pod of every Service in its namespace by variables named after it: a Service `moltrelay`
/// injects MOLTRELAY_PORT and MOLTRELAY_SERVICE_HOST, one named `moltrelay-redis` MOLTRELAY_REDIS_SERVICE_PORT and
/// MOLTRELAY_REDIS_PORT_6379_TCP.
func isInjectedByKubernetes(_ name: String, _ value: String) -> Bool {
    if name.hasPrefix("MOLTRELAY_PORT") || name.hasPrefix("MOLTRELAY_SERVICE_") { return true }
    guard Schema.byEnvironmentName[name] == nil else { return hasTransport(value) }
    let isOfService = name.hasSuffix("_SERVICE_HOST") || name.contains("_SERVICE_PORT")
    return isOfService || (name.hasSuffix("_PORT") && hasTransport(value)) || namesTransportPort(name)
}

private func hasTransport(_ value: String) -> Bool {
    ["tcp://", "udp://", "sctp://"].contains { value.hasPrefix($0) }
}

/// `…_PORT_6379_TCP`, with or without `_ADDR`, `_PORT` or `_PROTO` behind it.
private func namesTransportPort(_ name: String) -> Bool {
    let words = name.split(separator: "_")
    return words.indices.dropLast(2).contains { index in
        words[index] == "PORT" && Int(words[index + 1]) != nil && ["TCP", "UDP", "SCTP"].contains(words[index + 2])
    }
}
