/// Every key there is. What the file may hold, which environment variables count, what this build lacks and
/// docs/configuration.md all come from here.
enum Schema {
    /// In the order of the deployment guide's file, own sections last.
    static let settings: [Setting] =
        server + auth + limits + messages + queue + storage + cluster + kafka + logging + metrics + tracing + health
        + admin

    static let byPath = Dictionary(uniqueKeysWithValues: settings.map { ($0.path, $0) })

    static let byEnvironmentName = Dictionary(
        uniqueKeysWithValues: settings.flatMap { setting in setting.environmentNames.map { ($0, setting) } }
    )

    static let root = Section(path: "", settings: settings)
}

/// A mapping of the file: what may stand in it.
struct Section: Sendable {
    enum Child: Sendable {
        case section(Section)
        case setting(Setting)
    }

    let path: String
    /// In the order of their declaration.
    let names: [String]
    private let children: [String: Child]

    init(path: String, settings: [Setting]) {
        self.path = path
        let depth = path.isEmpty ? 0 : path.utf8.count + 1
        let grouped = Dictionary(grouping: settings) { setting in
            String(setting.path.dropFirst(depth).prefix { $0 != "." })
        }
        let prefix = path.isEmpty ? "" : path + "."
        var names: [String] = []
        for setting in settings {
            let name = String(setting.path.dropFirst(depth).prefix { $0 != "." })
            if !names.contains(name) { names.append(name) }
        }
        self.names = names
        children = grouped.reduce(into: [:]) { children, group in
            let (name, settings) = group
            let leaf = settings.first { $0.path == prefix + name }
            children[name] = leaf.map(Child.setting) ?? .section(Section(path: prefix + name, settings: settings))
        }
    }

    subscript(name: String) -> Child? { children[name] }
}
