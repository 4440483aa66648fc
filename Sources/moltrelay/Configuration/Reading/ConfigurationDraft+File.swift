extension ConfigurationDraft {
    mutating func apply(fileNamed name: String) {
        do throws(YAMLDocument.Problem) {
            let file = try ConfigurationFile(name: name)
            apply(try YAMLDocument(file.text))
        } catch {
            isFileUnread = true
            note(.error, at: error.position.map(Origin.file) ?? .wholeFile, error.message)
        }
    }

    mutating func apply(_ document: YAMLDocument) {
        guard let root = document.root else { return }
        apply(root, to: Schema.root)
    }

    private mutating func apply(_ raw: RawValue, to section: Section) {
        switch raw.content {
        case .null: return  // A section whose every key is commented out.
        case .mapping(let entries): for entry in entries { apply(entry, in: section) }
        case .scalar, .text, .list:
            let name = section.path.isEmpty ? "the file" : section.path
            let origin = raw.position.map(Origin.file) ?? .wholeFile
            note(.error, at: origin, key: section.path, "\(name): expected a mapping of keys, found \(raw.shape)")
        }
    }

    private mutating func apply(_ entry: RawValue.Entry, in section: Section) {
        let path = section.path.isEmpty ? entry.key : "\(section.path).\(entry.key)"
        if let first = entry.firstPosition {
            note(.error, at: .file(entry.position), key: path, repetition(of: entry.key, first: first))
        }
        switch section[entry.key] {
        case .section(let inner): apply(entry.value, to: inner)
        case .setting(let setting): apply(entry, to: setting)
        case nil: noteUnknown(entry, in: section)
        }
    }

    private mutating func apply(_ entry: RawValue.Entry, to setting: Setting) {
        guard entry.value.content != .null else {
            let message = "\(setting.path) has no value: give it one, or remove the key"
            return note(.error, at: .file(entry.position), key: setting.path, message)
        }
        apply(entry.value, to: setting, from: .file(entry.value.position ?? entry.position))
    }

    private mutating func noteUnknown(_ entry: RawValue.Entry, in section: Section) {
        let suggestion = nearest(entry.key, among: section.names) ?? elsewhere(entry.key)
        let place = section.path.isEmpty ? "" : " in \(section.path)"
        note(
            .error,
            at: .file(entry.position),
            key: nil,
            "unknown key \(quote(entry.key))\(place)\(didYouMean(suggestion))"
        )
    }
}

/// The path of a key or section of this name elsewhere, the outermost: most often it was indented wrongly.
private func elsewhere(_ name: String) -> String? {
    (Schema.settings.map(\.path) + sectionPaths)
        .filter { $0 == name || $0.hasSuffix(".\(name)") }
        .min { $0.count(where: { $0 == "." }) < $1.count(where: { $0 == "." }) }
}

private let sectionPaths = Schema.settings.map { setting in
    setting.path.split(separator: ".").dropLast().joined(separator: ".")
}
