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

    // Plain fields and memory of its own, since every frame of a read passes here: an array would cost each an
    // exclusivity check.
    private var memory: UnsafeMutableRawPointer?
    private var capacity = 0
    /// Bytes of a frame in `memory`.
    private var held = 0
    /// They are the frame given out last, kept until the next call because they are pointed to.
    private var isLent = false
    private var skipping = 0

    public init() {}

    deinit { memory?.deallocate() }

    /// A frame has begun and not ended: a message may not end here.
    public var isMidFrame: Bool { heldBytes > 0 || skipping > 0 }

    /// Of a frame that has not all come.
    public var heldBytes: Int { isLent ? 0 : held }

    /// - Parameter limits: held against each header before its payload is buffered.
    public func next(_ piece: inout MaskedBytes, limits: FrameLimits) -> Output {
        if isLent { forget() }
        if held == 0, skipping == 0, let frame = whole(&piece, limits) { return .frame(frame) }
        if skipping > 0 {
            let count = min(skipping, piece.count)
            skipping -= count
            piece.removeFirst(count)
        }
        guard piece.count > 0 else { return .needMore }
        return assembled(&piece, limits)
    }

    /// What nearly every frame is: all in this piece, and admitted. Anything else is left to `assembled`.
    @inline(__always)
    private func whole(_ piece: inout MaskedBytes, _ limits: FrameLimits) -> InboundFrame? {
        guard piece.count >= FrameHeader.byteCount, let header = try? FrameHeader(piece) else { return nil }
        let length = header.frameLength
        guard piece.count >= length, limits.admission(of: header) == .buffer else { return nil }
        let frame = InboundFrame(header: header, bytes: piece[0..<length])
        piece.removeFirst(length)
        return frame
    }

    private func assembled(_ piece: inout MaskedBytes, _ limits: FrameLimits) -> Output {
        take(&piece, upTo: FrameHeader.byteCount)
        guard held >= FrameHeader.byteCount else { return .needMore }
        let header: FrameHeader
        do throws(FrameHeader.DecodingError) { header = try FrameHeader(heldPlain) } catch { return .invalid(error) }
        switch limits.admission(of: header) {
        case .buffer: break
        case .skip: return skipped(header, &piece)
        case .refuse: return .refused(header)
        }
        take(&piece, upTo: header.frameLength)
        guard held == header.frameLength else { return .needMore }
        isLent = true
        return .frame(InboundFrame(header: header, bytes: heldPlain))
    }

    private func skipped(_ header: FrameHeader, _ piece: inout MaskedBytes) -> Output {
        let needed = FrameHeader.byteCount + RoutingHeader.byteCount
        take(&piece, upTo: needed)
        guard held == needed else { return .needMore }
        let routing = RoutingHeader(heldPlain[FrameHeader.byteCount..<needed])
        skipping = header.frameLength - needed
        forget()
        let count = min(skipping, piece.count)
        skipping -= count
        piece.removeFirst(count)
        return .skipped(header, routing)
    }

    private var heldPlain: MaskedBytes {
        MaskedBytes(plain: UnsafeRawBufferPointer(start: memory, count: held))
    }

    private func take(_ piece: inout MaskedBytes, upTo length: Int) {
        let count = min(length - held, piece.count)
        guard count > 0 else { return }
        reserve(held + count)
        piece[0..<count].copy(to: memory! + held)
        held += count
        piece.removeFirst(count)
    }

    private func reserve(_ needed: Int) {
        guard needed > capacity else { return }
        let larger = max(needed, 2 * capacity)
        let grown = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        if let memory {
            grown.copyMemory(from: memory, byteCount: held)
            memory.deallocate()
        }
        memory = grown
        capacity = larger
    }

    /// A short frame's memory is kept for the next; a long one's is not held by an idle connection.
    private func forget() {
        held = 0
        isLent = false
        guard capacity > 512 else { return }
        memory?.deallocate()
        memory = nil
        capacity = 0
    }
}
