/// One key of the configuration: all that reading, refusing, printing and documenting it takes.
struct Setting: Sendable {
    /// Dotted, as it nests in the file: `server.listen.http`.
    let path: String
    let typeName: String
    let summary: String
    let defaultText: String
    /// `defaultText` is words about a default, not the value itself.
    let isDefaultDescribed: Bool
    let isSecret: Bool
    let need: Need?
    /// No environment variable can hold its value.
    let isFileOnly: Bool
    /// Another environment variable of the same meaning.
    let alias: String?
    let assign: @Sendable (RawValue, inout Configuration) throws(Unacceptable) -> Void
    let show: @Sendable (Configuration) -> String

    /// What a key can ask for, and what it does ask for in a given configuration.
    struct Need: Sendable {
        let features: [Feature]
        let asked: @Sendable (Configuration) -> Feature?
    }

    init<Value: Sendable>(
        _ path: String,
        _ property: any WritableKeyPath<Configuration, Value> & Sendable,
        _ type: ValueType<Value>,
        _ summary: String,
        default defaultText: String? = nil,
        isSecret: Bool = false,
        needs need: Need? = nil,
        alias: String? = nil,
        isFileOnly: Bool = false
    ) {
        self.path = path
        self.typeName = type.name
        self.summary = summary
        self.defaultText = defaultText ?? type.show(Configuration()[keyPath: property])
        isDefaultDescribed = defaultText != nil
        self.isSecret = isSecret
        self.need = need
        self.isFileOnly = isFileOnly
        self.alias = alias
        assign = { raw, configuration throws(Unacceptable) in configuration[keyPath: property] = try type.read(raw) }
        show = { type.show($0[keyPath: property]) }
    }

    /// A key that may be absent and then means nothing in particular.
    init<Value: Sendable>(
        _ path: String,
        _ property: any WritableKeyPath<Configuration, Value?> & Sendable,
        _ type: ValueType<Value>,
        _ summary: String,
        default defaultText: String? = nil,
        needs need: Need? = nil
    ) {
        self.init(path, property, type.optional, summary, default: defaultText, needs: need)
    }

    /// `MOLTRELAY_SERVER_LISTEN_HTTP`.
    var environmentName: String {
        "MOLTRELAY_" + path.uppercased().map { $0 == "." ? "_" : String($0) }.joined()
    }

    var environmentNames: [String] { isFileOnly ? [] : [environmentName] + (alias.map { [$0] } ?? []) }
}

extension Setting.Need {
    /// Setting the key at all asks for it.
    static func always(_ feature: Feature) -> Self { .when(feature) { _ in true } }

    static func when(_ feature: Feature, _ isAsked: @escaping @Sendable (Configuration) -> Bool) -> Self {
        Self(features: [feature]) { isAsked($0) ? feature : nil }
    }
}
