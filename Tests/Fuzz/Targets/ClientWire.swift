/// A TLS client's bytes that have not reached the server yet, and what an attacker on the way does to them.
struct ClientWire {
    private static let headBytes = 5

    private(set) var bytes: [UInt8] = []
    private(set) var isTouched = false

    mutating func append(_ more: some Sequence<UInt8>) { bytes += more }

    mutating func take(_ count: Int) -> [UInt8] {
        let taken = Array(bytes.prefix(count))
        bytes.removeFirst(taken.count)
        return taken
    }

    mutating func flip(at place: UInt16, by mask: UInt8) {
        guard !bytes.isEmpty else { return }
        isTouched = true
        bytes[Int(place) % bytes.count] ^= max(mask, 1)
    }

    mutating func drop(at place: UInt16, _ count: UInt8) {
        guard !bytes.isEmpty else { return }
        isTouched = true
        let start = Int(place) % bytes.count
        bytes.removeSubrange(start..<min(start + Int(count) + 1, bytes.count))
    }

    mutating func repeatRecord(_ number: UInt8) {
        let records = records
        guard !records.isEmpty else { return }
        isTouched = true
        let record = records[Int(number) % records.count]
        bytes.insert(contentsOf: bytes[record], at: record.upperBound)
    }

    mutating func swapRecords(_ one: UInt8, _ other: UInt8) {
        var records = records.map { Array(bytes[$0]) }
        guard records.count > 1 else { return }
        isTouched = true
        records.swapAt(Int(one) % records.count, Int(other) % records.count)
        bytes = Array(records.joined())
    }

    mutating func insert(_ more: [UInt8], at place: UInt16) {
        guard !more.isEmpty else { return }
        isTouched = true
        bytes.insert(contentsOf: more, at: Int(place) % (bytes.count + 1))
    }

    /// Handshake messages that nobody ends, in place of what was to come: RFC 8446 section 5.1 lets them span records.
    mutating func flood(kibibytes: Int) {
        isTouched = true
        bytes = [UInt8](repeating: 0, count: 0)
        for number in 0..<kibibytes {
            let start: [UInt8] = number == 0 ? [1, 1, 0, 0] : [3, 3, 3, 3]
            bytes += [22, 3, 3, 4, 0] + start + [UInt8](repeating: 3, count: 1_020)
        }
    }

    /// By their own lengths, the last as far as it is there.
    private var records: [Range<Int>] {
        Array(
            sequence(state: 0) { start -> Range<Int>? in
                guard start < bytes.count else { return nil }
                let isWhole = start + Self.headBytes <= bytes.count
                let length = isWhole ? Int(bytes[start + 3]) << 8 | Int(bytes[start + 4]) : 0
                let record = start..<min(start + Self.headBytes + length, bytes.count)
                start = record.upperBound
                return record
            }
        )
    }
}
