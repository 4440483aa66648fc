import NIOCore
import RelayCore

extension PinnedKey {
    /// `-` or `+` (without or with an organisation), the key's length, the key, the organisation.
    var redisBytes: ByteBuffer {
        var bytes = ByteBuffer()
        bytes.writeString(org == nil ? "-" : "+")
        bytes.writeInteger(UInt8(clamping: publicKey.count))
        bytes.writeBytes(publicKey)
        bytes.writeString(org ?? "")
        return bytes
    }

    init?(redis bytes: ByteBuffer) {
        var bytes = bytes
        guard let mark = bytes.readString(length: 1), mark == "-" || mark == "+",
            let length = bytes.readInteger(as: UInt8.self), let key = bytes.readBytes(length: Int(length))
        else { return nil }
        self.init(publicKey: key, org: mark == "+" ? String(buffer: bytes) : nil)
    }
}
