/// Cuts frames out of the pieces of binary messages. A frame that lies whole in one piece is given out where it lies;
/// only one that is spread over several is put together here, in a buffer that grows with what has arrived and never
/// with what was announced.
public final class FrameAssembler {
    public enum Output {
        /// The piece is used up.
        case needMore
        /// Valid until the next call.
        case frame(InboundFrame)
        /// A MESSAGE over the size limit: its rest will be passed over.
        case skipped(FrameHeader, RoutingHeader)
        /// Nothing of it was read but its header.
        case refused(FrameHeader)
        case invalid(FrameHeader.DecodingError)
    }

    private var partial: [UInt8] = []
    private var skipping = 0
    /// The frame given out last, kept until the next call because its bytes are pointed to.
    private var lent: UnsafeMutableRawPointer?

    public init() {}

    deinit { lent?.deallocate() }

    /// A frame has begun and not ended: a message may not end here.
    public var isMidFrame: Bool { !partial.isEmpty || skipping > 0 }

    /// Of a frame that has not all come.
    public var heldBytes: Int { partial.count }

    /// - Parameter limits: held against each header before its payload is buffered.
    public func next(_ piece: inout MaskedBytes, limits: FrameLimits) -> Output {
        lent?.deallocate()
        lent = nil
        if skipping > 0 {
            let count = min(skipping, piece.count)
            skipping -= count
            piece.removeFirst(count)
        }
        guard piece.count > 0 else { return .needMore }
        return partial.isEmpty ? whole(&piece, limits) : assembled(&piece, limits)
    }

    private func whole(_ piece: inout MaskedBytes, _ limits: FrameLimits) -> Output {
        guard piece.count >= FrameHeader.byteCount else { return assembled(&piece, limits) }
        let header: FrameHeader
        switch Self.decodeHeader(piece) {
        case .success(let decoded): header = decoded
        case .failure(let error): return .invalid(error)
        }
        guard piece.count >= header.frameLength, limits.admission(of: header) == .buffer else {
            return assembled(&piece, limits)
        }
        let frame = InboundFrame(header: header, bytes: piece[0..<header.frameLength])
        piece.removeFirst(header.frameLength)
        return .frame(frame)
    }

    private func assembled(_ piece: inout MaskedBytes, _ limits: FrameLimits) -> Output {
        take(&piece, upTo: FrameHeader.byteCount)
        guard partial.count >= FrameHeader.byteCount else { return .needMore }
        let header: FrameHeader
        switch partial.withUnsafeBytes({ Self.decodeHeader(MaskedBytes(plain: $0)) }) {
        case .success(let decoded): header = decoded
        case .failure(let error): return .invalid(error)
        }
        switch limits.admission(of: header) {
        case .buffer: break
        case .skip: return skipped(header, &piece)
        case .refuse: return .refused(header)
        }
        take(&piece, upTo: header.frameLength)
        guard partial.count == header.frameLength else { return .needMore }
        return .frame(lend(header))
    }

    private func skipped(_ header: FrameHeader, _ piece: inout MaskedBytes) -> Output {
        let needed = FrameHeader.byteCount + RoutingHeader.byteCount
        take(&piece, upTo: needed)
        guard partial.count == needed else { return .needMore }
        let routing = partial.withUnsafeBytes { RoutingHeader(decoding: $0.baseAddress! + FrameHeader.byteCount) }
        skipping = header.frameLength - needed
        partial = []
        let count = min(skipping, piece.count)
        skipping -= count
        piece.removeFirst(count)
        return .skipped(header, routing)
    }

    private func lend(_ header: FrameHeader) -> InboundFrame {
        let copy = UnsafeMutableRawPointer.allocate(byteCount: partial.count, alignment: 16)
        partial.withUnsafeBytes { copy.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        lent = copy
        let bytes = MaskedBytes(base: copy, count: partial.count, key: 0)
        // A short frame's buffer is kept for the next; a long one's is not held by an idle connection.
        partial.removeAll(keepingCapacity: partial.capacity <= 512)
        return InboundFrame(header: header, bytes: bytes)
    }

    private func take(_ piece: inout MaskedBytes, upTo length: Int) {
        let count = min(length - partial.count, piece.count)
        guard count > 0 else { return }
        let start = partial.count
        partial.append(contentsOf: repeatElement(0, count: count))
        partial.withUnsafeMutableBytes { piece[0..<count].copy(to: $0.baseAddress! + start) }
        piece.removeFirst(count)
    }

    private static func decodeHeader(_ piece: MaskedBytes) -> Result<FrameHeader, FrameHeader.DecodingError> {
        var words: (UInt64, UInt64, UInt64) = (0, 0, 0)
        return withUnsafeMutableBytes(of: &words) { bytes in
            piece[0..<FrameHeader.byteCount].copy(to: bytes.baseAddress!)
            do throws(FrameHeader.DecodingError) {
                return .success(try FrameHeader(decoding: bytes.baseAddress!))
            } catch {
                return .failure(error)
            }
        }
    }
}
