/// An input read as decisions first and as what is to be parsed last. After its end every decision is 0.
struct Script {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

    var isAtEnd: Bool { bytes.isEmpty }

    mutating func byte() -> UInt8 { bytes.popFirst() ?? 0 }

    mutating func flag() -> Bool { byte() & 1 == 1 }

    /// Big-endian.
    mutating func number<Number: FixedWidthInteger & UnsignedInteger>(_: Number.Type = Number.self) -> Number {
        (0..<Number.bitWidth / 8).reduce(0) { value, _ in value << 8 | Number(byte()) }
    }

    mutating func take(_ count: Int) -> [UInt8] {
        let taken = bytes.prefix(count)
        bytes = bytes.dropFirst(count)
        return Array(taken)
    }

    mutating func rest() -> [UInt8] { take(bytes.count) }
}

/// One stream in all the ways it is fed to a decoder: whole, byte by byte, and in pieces whose sizes follow `seed`.
func cuttings(of stream: [UInt8], seed: UInt8) -> [[ArraySlice<UInt8>]] {
    var state = UInt32(seed)
    let pieces = sequence(state: stream[...]) { rest -> ArraySlice<UInt8>? in
        guard !rest.isEmpty else { return nil }
        state = state &* 1_664_525 &+ 1_013_904_223
        let piece = rest.prefix(Int(state >> 26) + 1)
        rest = rest.dropFirst(piece.count)
        return piece
    }
    return [[stream[...]], stream.indices.map { stream[$0...$0] }, Array(pieces)]
}
