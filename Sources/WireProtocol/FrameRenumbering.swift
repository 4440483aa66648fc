/// Gives frames another sequence number and the checksum that goes with it, without another look at their payload.
///
/// CRC-32 is linear: the checksums of two frames that differ in the sequence number alone differ by the CRC of that
/// difference followed by as many zeros as there are bytes behind it. To move 32 bits past that many zeros is a linear
/// map, kept as a table for lengths that come again and again.
public struct FrameRenumbering {
    private static let slotCount = 32
    private static let nibbles = 8
    private static let tableSize = nibbles * 16
    private static let sequenceOffset = 13

    /// Of the table in each slot; 0 for none.
    private var lengths = [Int](repeating: 0, count: slotCount)
    /// Came last without a table. Twice running earns one, so that lengths which never repeat cost no tables.
    private var candidates = [Int](repeating: 0, count: slotCount)
    private var tables = [UInt32](repeating: 0, count: slotCount * tableSize)
    private var last = (length: 0, table: 0)

    public init() {}

    /// - Parameter frame: `length` bytes, plain, whose checksum holds.
    public mutating func renumber(_ frame: UnsafeMutableRawPointer, length: Int, to sequence: UInt32) {
        let old = frame.loadUnaligned(fromByteOffset: Self.sequenceOffset, as: UInt32.self)
        frame.storeBytes(of: sequence.bigEndian, toByteOffset: Self.sequenceOffset, as: UInt32.self)
        let covered = length - FrameHeader.checksumByteCount
        guard let table = table(length: length) else {
            let checksum = Checksum.crc32(frame, count: covered)
            return frame.storeBytes(of: checksum.bigEndian, toByteOffset: covered, as: UInt32.self)
        }
        let change = shift(UInt32(littleEndian: old ^ sequence.bigEndian), by: table)
        let sent = frame.loadUnaligned(fromByteOffset: covered, as: UInt32.self)
        frame.storeBytes(of: sent ^ change.bigEndian, toByteOffset: covered, as: UInt32.self)
    }

    private func shift(_ value: UInt32, by table: Int) -> UInt32 {
        // One check for the eight places, which lie within the table.
        precondition(table >= 0 && table + Self.tableSize <= tables.count)
        return tables.withUnsafeBufferPointer { tables in
            var result: UInt32 = 0
            var rest = value
            for nibble in 0..<Self.nibbles {
                result ^= tables[table &+ nibble &* 16 &+ Int(rest & 15)]
                rest &>>= 4
            }
            return result
        }
    }

    /// Where the table for frames of this length begins; nil where it is not worth one yet.
    private mutating func table(length: Int) -> Int? {
        guard last.length != length else { return last.table }
        let slot = (length ^ length >> 5 ^ length >> 10) & (Self.slotCount - 1)
        let start = slot * Self.tableSize
        guard lengths[slot] != length else {
            last = (length, start)
            return start
        }
        guard candidates[slot] == length else {
            candidates[slot] = length
            return nil
        }
        lengths[slot] = length
        last = (length, start)
        fillTable(at: start, zeros: length - FrameHeader.checksumByteCount - Self.sequenceOffset)
        return start
    }

    /// In the reflected form of this CRC bit 31 stands for x^0: what becomes of it over the zeros, times x each, is
    /// what becomes of the bits below it.
    private mutating func fillTable(at start: Int, zeros: Int) {
        var power = Self.shifted(1 << 31, past: zeros)
        for bit in stride(from: 31, through: 0, by: -1) {
            let first = start + bit / 4 * 16
            let place = 1 << (bit % 4)
            // The places above are filled: each of their entries gains this bit.
            for entry in stride(from: 0, to: 16, by: 2 * place) {
                tables[first + entry + place] = tables[first + entry] ^ power
            }
            power = power >> 1 ^ (power & 1 == 1 ? 0xEDB8_8320 : 0)
        }
    }

    private static func shifted(_ value: UInt32, past zeros: Int) -> UInt32 {
        withUnsafeTemporaryAllocation(byteCount: 4_096, alignment: 16) { block in
            block.initializeMemory(as: UInt8.self, repeating: 0)
            var checksum = ~value
            var left = zeros
            while left > 0 {
                let count = min(left, block.count)
                checksum = Checksum.crc32(UnsafeRawBufferPointer(rebasing: block[..<count]), continuing: checksum)
                left -= count
            }
            return ~checksum
        }
    }
}
