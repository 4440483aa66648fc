import Glibc

/// Reads a write-ahead log before libsqlite3 does. That stops at the first frame which does not follow from the one
/// before it, and takes the rest for the torn end of a crash: one flipped byte would undo every later commit, and
/// nobody hear of it.
///
/// Each commit is synced before the next begins, so a crash tears the last one at most. Whole commits behind the frame
/// that does not fit were acknowledged, all but perhaps the last. (Format: sqlite.org/fileformat2.html, section 4.)
struct LogCheck {
    private static let headerBytes = 32
    private static let frameHeaderBytes = 24

    /// The header is none, and frames follow.
    private(set) var isHeaderDamaged = false
    /// Commits that end with or after the first frame that does not fit.
    private(set) var commitsCutOff = 0

    /// What must not be opened as it is; nil where libsqlite3 would read everything that was acknowledged.
    var damage: String? {
        if isHeaderDamaged { return "the header of its log is not what was written" }
        return commitsCutOff > 1 ? "its log is not what was written, \(commitsCutOff) commits before its end" : nil
    }

    /// Of the log at `path`; sound where there is none.
    init(path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard let header = Self.read(descriptor, Self.headerBytes), header.contains(where: { $0 != 0 }) else { return }
        guard let log = Header(header) else {
            isHeaderDamaged = Self.read(descriptor, Self.frameHeaderBytes) != nil
            return
        }
        check(log) { Self.read(descriptor, Self.frameHeaderBytes + log.pageBytes) }
    }

    private mutating func check(_ log: Header, next: () -> [UInt8]?) {
        var before = log.checksum
        var isCut = false
        while let frame = next() {
            let written = FrameChecksum(frame, at: 16)
            let computed =
                before
                .adding(frame[..<8], bigEndian: log.isBigEndian)
                .adding(frame[Self.frameHeaderBytes...], bigEndian: log.isBigEndian)
            // A frame of the log before this one has another salt.
            let isOfThisLog = frame[8..<16].elementsEqual(log.salt)
            let fits = isOfThisLog && computed == written
            let endsCommit = frame[4..<8].contains { $0 != 0 }
            // The first that does not fit may be the end of a commit itself.
            if endsCommit, isCut ? fits : isOfThisLog && !fits { commitsCutOff += 1 }
            isCut = isCut || !fits
            before = written
        }
    }

    /// nil at the end, and for what is left of a frame there.
    private static func read(_ descriptor: Int32, _ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return Glibc.read(descriptor, &bytes, count) == count ? bytes : nil
    }
}

private struct Header {
    let isBigEndian: Bool
    let pageBytes: Int
    let salt: ArraySlice<UInt8>
    let checksum: FrameChecksum

    init?(_ bytes: [UInt8]) {
        let magic = bytes.word(at: 0, bigEndian: true)
        guard magic & ~1 == 0x377F_0682 else { return nil }
        isBigEndian = magic & 1 == 1
        pageBytes = Int(bytes.word(at: 8, bigEndian: true))
        salt = bytes[16..<24]
        checksum = FrameChecksum(bytes, at: 24)
        guard FrameChecksum().adding(bytes[..<24], bigEndian: isBigEndian) == checksum else { return nil }
    }
}

/// Two sums over words, each of which follows from all words before.
private struct FrameChecksum: Equatable {
    private var first: UInt32 = 0
    private var second: UInt32 = 0

    init() {}

    init(_ bytes: [UInt8], at offset: Int) {
        first = bytes.word(at: offset, bigEndian: true)
        second = bytes.word(at: offset + 4, bigEndian: true)
    }

    func adding(_ bytes: ArraySlice<UInt8>, bigEndian: Bool) -> FrameChecksum {
        var sum = self
        bytes.withUnsafeBytes { bytes in
            for offset in stride(from: 0, to: bytes.count, by: 8) {
                let pair = bytes.loadUnaligned(fromByteOffset: offset, as: (UInt32, UInt32).self)
                sum.first &+= (bigEndian ? UInt32(bigEndian: pair.0) : UInt32(littleEndian: pair.0)) &+ sum.second
                sum.second &+= (bigEndian ? UInt32(bigEndian: pair.1) : UInt32(littleEndian: pair.1)) &+ sum.first
            }
        }
        return sum
    }
}

extension [UInt8] {
    fileprivate func word(at offset: Int, bigEndian: Bool) -> UInt32 {
        let word = withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
        return bigEndian ? UInt32(bigEndian: word) : UInt32(littleEndian: word)
    }
}
