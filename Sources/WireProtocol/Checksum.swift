import CDeflate

/// CRC-32 of IEEE 802.3, the one of zlib. libdeflate folds with PCLMUL: 23 ns for 256 bytes, zlib 136.
public enum Checksum {
    public static func crc32(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        libdeflate_crc32(0, bytes.baseAddress, bytes.count)
    }

    public static func crc32(_ bytes: UnsafeRawPointer, count: Int) -> UInt32 {
        libdeflate_crc32(0, bytes, count)
    }
}
