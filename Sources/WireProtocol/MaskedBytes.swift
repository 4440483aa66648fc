/// Bytes as they lie in a read buffer, still under a WebSocket mask (RFC 6455 section 5.3). Reading them out unmasks
/// while copying, so that a payload is touched once on its way into the recipient's buffer. Valid only as long as the
/// buffer it points into.
public struct MaskedBytes {
    public let base: UnsafeRawPointer
    public let count: Int
    /// The mask as it applies to the byte at `base`, in memory order; 0 for bytes in the clear.
    public let key: UInt32

    public init(base: UnsafeRawPointer, count: Int, key: UInt32) {
        self.base = base
        self.count = count
        self.key = key
    }

    public init(plain bytes: UnsafeRawBufferPointer) {
        // An empty buffer may have no address; no byte of this one is ever read.
        self.init(base: bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!, count: bytes.count, key: 0)
    }

    public subscript(range: Range<Int>) -> MaskedBytes {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return MaskedBytes(
            base: base + range.lowerBound,
            count: range.count,
            key: Self.rotate(key, by: range.lowerBound)
        )
    }

    public mutating func removeFirst(_ n: Int) { self = self[n..<count] }

    /// The key for the byte `offset` places after the one `key` stands for.
    public static func rotate(_ key: UInt32, by offset: Int) -> UInt32 {
        let bits = UInt32(truncatingIfNeeded: offset) &* 8
        let bytes = UInt32(littleEndian: key)
        return UInt32(littleEndian: bytes &>> bits | bytes &<< (0 &- bits))
    }

    /// Eight plain bytes, in memory order. `offset` is a multiple of 4 and not within 8 of the end: unchecked.
    func word(at offset: Int) -> UInt64 {
        (base + offset).loadUnaligned(as: UInt64.self) ^ (UInt64(key) | UInt64(key) << 32)
    }

    /// Writes `count` plain bytes to `destination`, which must not overlap.
    public func copy(to destination: UnsafeMutableRawPointer) {
        guard key != 0 else { return destination.copyMemory(from: base, byteCount: count) }
        let block = SIMD16<UInt32>(repeating: key)
        var offset = 0
        while offset &+ 64 <= count {
            let bytes = (base + offset).loadUnaligned(as: SIMD16<UInt32>.self)
            destination.storeBytes(of: bytes ^ block, toByteOffset: offset, as: SIMD16<UInt32>.self)
            offset &+= 64
        }
        while offset &+ 16 <= count { offset = copy16(at: offset, key, to: destination) }
        guard offset < count else { return }
        if count >= 16 {
            // The last 16 bytes, some of them once more: cheaper than one by one.
            _ = copy16(at: count - 16, Self.rotate(key, by: count), to: destination)
        } else {
            copyBytes(to: destination)
        }
    }

    private func copy16(at offset: Int, _ key: UInt32, to destination: UnsafeMutableRawPointer) -> Int {
        let bytes = (base + offset).loadUnaligned(as: SIMD4<UInt32>.self)
        let plain = bytes ^ SIMD4<UInt32>(repeating: key)
        destination.storeBytes(of: plain, toByteOffset: offset, as: SIMD4<UInt32>.self)
        return offset &+ 16
    }

    private func copyBytes(to destination: UnsafeMutableRawPointer) {
        var rest = UInt32(littleEndian: key)
        for offset in 0..<count {
            let byte = (base + offset).load(as: UInt8.self) ^ UInt8(truncatingIfNeeded: rest)
            destination.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
            rest = rest >> 8 | rest << 24
        }
    }

    public var plain: [UInt8] {
        // Of capacity 0 the initialiser writes a count into the storage that all empty arrays of the process share.
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            copy(to: UnsafeMutableRawPointer(buffer.baseAddress!))
            initialized = count
        }
    }
}
