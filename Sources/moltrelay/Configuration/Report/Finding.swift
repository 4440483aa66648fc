/// Where an effective value, or what is wrong with it, came from.
enum Origin: Sendable, Equatable {
    case fallback
    /// A default that this machine decided; the words say how.
    case derived(String)
    case file(Position)
    /// The file as a whole.
    case wholeFile
    case environment(String)
    case flag(String)

    var isDefault: Bool {
        switch self {
        case .fallback, .derived: true
        case .file, .wholeFile, .environment, .flag: false
        }
    }

    /// As a message begins with it. `file` is the name as it was given on the command line.
    func location(in file: String?) -> String? {
        let file = file ?? "configuration"
        return switch self {
        case .fallback, .derived: nil
        case .file(let position): "\(file):\(position.line):\(position.column)"
        case .wholeFile: file
        case .environment(let name): "environment variable \(name)"
        case .flag(let flag): flag
        }
    }

    /// As `check-config --effective` prints it.
    func description(in file: String?) -> String {
        switch self {
        case .fallback: "default"
        case .derived(let reason): "default, \(reason)"
        default: location(in: file) ?? "default"
        }
    }
}

/// One thing to tell about a configuration.
struct Finding: Sendable, Equatable {
    enum Severity: String, Sendable {
        case error
        /// Right, but asks for a feature that this build has not: refused like an error.
        case unavailable
        case warning
    }

    var severity: Severity
    var origin: Origin
    /// The dotted key it is about, where it is about one.
    var key: String?
    var message: String
    /// Present for what a feature is missing for.
    var feature: Feature?
}

extension Finding {
    /// Of the file in its order, then of the environment by name, then of flags, then of nothing in particular.
    static func isOrdered(_ left: Finding, before right: Finding) -> Bool {
        switch (left.origin, right.origin) {
        case (.file(let left), .file(let right)): left < right
        case (.environment(let left), .environment(let right)): left < right
        default: left.origin.rank < right.origin.rank
        }
    }
}

extension Origin {
    fileprivate var rank: Int {
        switch self {
        case .wholeFile: 0
        case .file: 1
        case .environment: 2
        case .flag: 3
        case .fallback, .derived: 4
        }
    }
}
