import CSystemd
import Glibc

/// Hands records to journald, one call each. The socket is libsystemd's own and blocks: a journal that is slow holds up
/// the writer's thread, and nobody else.
struct JournalOutput {
    static let socketPath = "/run/systemd/journal/socket"

    /// libsystemd takes what it sends nowhere for sent.
    static var isThere: Bool { access(socketPath, F_OK) == 0 }

    /// What another attempt may mend. Anything else is the record's own fault.
    private static let transient: Set<Int32> = [
        ENOENT, ECONNREFUSED, ECONNRESET, ENOTCONN, EPIPE, EAGAIN, EINTR, ENOBUFS, ENOMEM, EMFILE, ENFILE, ENOSPC,
        EACCES,
    ]

    func write(_ records: UnwrittenLines) -> LogOutput.Outcome {
        guard Self.isThere else { return .failed(code: ENOENT) }
        return records.bytes.withUnsafeBytes { bytes in
            let record = JournalRecord.View(bytes, at: records.offset)
            let code = -Self.send(record, bytes)
            if code <= 0 { return .tookRecord(bytes: record.length) }
            if Self.transient.contains(code) { return .failed(code: code) }
            return .refusedRecord(bytes: record.length, level: record.level)
        }
    }

    /// - Returns: 0, or a negative errno.
    private static func send(_ record: JournalRecord.View, _ bytes: UnsafeRawBufferPointer) -> Int32 {
        let vectors = record.fields.map { field in
            let start = bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0 + field.lowerBound) }
            return iovec(iov_base: start, iov_len: field.count)
        }
        return sd_journal_sendv(vectors, Int32(vectors.count))
    }
}
