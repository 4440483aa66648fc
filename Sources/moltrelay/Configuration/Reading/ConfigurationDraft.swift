/// A configuration while its layers are laid over each other, with what was wrong on the way.
struct ConfigurationDraft: Sendable {
    var configuration = Configuration()
    private(set) var findings: [Finding] = []
    /// Keys some layer set to something unacceptable: what depends on them is not judged.
    private(set) var unusable: Set<String> = []
    /// The file says things nobody knows: what holds between settings cannot be judged.
    var isFileUnread = false
    private var origins: [String: Origin] = [:]

    func origin(of path: String) -> Origin { origins[path] ?? .fallback }

    func isSet(_ path: String) -> Bool { !origin(of: path).isDefault }

    mutating func note(_ severity: Finding.Severity, at origin: Origin, key: String? = nil, _ message: String) {
        findings.append(Finding(severity: severity, origin: origin, key: key, message: message))
    }

    mutating func noteMissing(_ feature: Feature, at origin: Origin, key: String) {
        let message = "\(key) asks for \(feature.title), which this build has not"
        findings.append(
            Finding(severity: .unavailable, origin: origin, key: key, message: message, feature: feature)
        )
    }

    mutating func apply(_ raw: RawValue, to setting: Setting, from origin: Origin) {
        do throws(Unacceptable) {
            try setting.assign(raw, &configuration)
            origins[setting.path] = origin
        } catch {
            unusable.insert(setting.path)
            for complaint in error.complaints { note(complaint, about: setting, from: origin) }
        }
    }

    /// A default that depends on the machine or on another setting.
    mutating func derive(_ path: String, because reason: String, _ change: (inout Configuration) -> Void) {
        guard !isSet(path) else { return }
        origins[path] = .derived(reason)
        change(&configuration)
    }

    private mutating func note(_ complaint: Unacceptable.Complaint, about setting: Setting, from origin: Origin) {
        var place = origin
        if case .file = origin, let position = complaint.position { place = .file(position) }
        note(.error, at: place, key: setting.path, "\(setting.path)\(complaint.part): \(complaint.message)")
    }
}
