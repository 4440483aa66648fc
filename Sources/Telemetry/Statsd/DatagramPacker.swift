/// Lines into datagrams: as many as fit, none split, each with its line feed.
struct DatagramPacker {
    struct Datagram: Equatable {
        var bytes: [UInt8] = []
        var lines = 0
    }

    let limit: Int
    private(set) var datagrams: [Datagram] = []
    /// Lines that fit in no datagram and were left out.
    private(set) var oversized = 0

    init(limit: Int) { self.limit = limit }

    /// - Parameter count: of lines in `lines`, which stay together.
    mutating func append(_ lines: [UInt8], count: Int = 1) {
        guard lines.count < limit else {
            oversized += count
            return
        }
        if datagrams.isEmpty || datagrams[datagrams.count - 1].bytes.count + lines.count >= limit {
            datagrams.append(Datagram())
        }
        datagrams[datagrams.count - 1].bytes.append(contentsOf: lines)
        datagrams[datagrams.count - 1].bytes.append(UInt8(ascii: "\n"))
        datagrams[datagrams.count - 1].lines += count
    }
}
