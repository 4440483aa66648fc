/// Reads a mapping whose keys are known, keeping every complaint until the end.
struct RecordReader {
    private let raw: RawValue
    private var fields: [String: RawValue.Entry] = [:]
    private var complaints: [Unacceptable.Complaint] = []

    init(_ raw: RawValue, keys: [String], expected: String) throws(Unacceptable) {
        self.raw = raw
        for entry in try raw.entries(expected: expected) {
            if let first = entry.firstPosition {
                complaints.append(.init(position: entry.position, message: repetition(of: entry.key, first: first)))
            }
            if keys.contains(entry.key) {
                fields[entry.key] = entry
            } else {
                let message = "unknown key \(quote(entry.key))\(didYouMean(nearest(entry.key, among: keys)))"
                complaints.append(.init(position: entry.position, message: message))
            }
        }
    }

    /// nil once there is a complaint about it.
    mutating func value<Value>(_ key: String, _ type: ValueType<Value>) -> Value? {
        guard let entry = fields[key] else {
            complaints.append(.init(position: raw.position, message: "needs \(key)"))
            return nil
        }
        do throws(Unacceptable) {
            return try type.read(entry.value)
        } catch {
            complaints += error.complaints.map { $0.inside(".\(key)", of: entry.value) }
            return nil
        }
    }

    func finish() throws(Unacceptable) {
        guard complaints.isEmpty else { throw Unacceptable(complaints) }
    }
}

/// One wording wherever a mapping repeats a key.
func repetition(of key: String, first: Position) -> String {
    "duplicate key \(quote(key)), first on line \(first.line)"
}
