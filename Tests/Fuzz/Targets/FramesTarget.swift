import WireProtocol

/// Frames out of pieces: the same whatever the cuts and masks, never more held than has come, and what is decoded
/// encodes to the bytes it came from.
enum FramesTarget {
    static func run(_ input: [UInt8]) {
        var script = Script(input)
        let limits = FrameLimits(
            takesMessages: script.flag(),
            maxDocumentBytes: Int(script.number(UInt16.self)),
            maxMessageBytes: Int(script.number(UInt16.self))
        )
        let seed = script.byte()
        let stream = script.rest()
        let readings = cuttings(of: stream, seed: seed).map { FrameReading(of: $0, limits: limits, seed: seed) }
        expect(readings[1] == readings[0], "read otherwise byte by byte")
        expect(readings[2] == readings[0], "read otherwise in pieces")
        rewrite(stream)
    }

    /// The fixed layouts, at the front of the stream.
    private static func rewrite(_ stream: [UInt8]) {
        stream.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            if bytes.count >= FrameHeader.byteCount, let header = try? FrameHeader(decoding: base) {
                expectSame(bytes.prefix(FrameHeader.byteCount), header.write(to:))
            }
            if bytes.count >= RoutingHeader.byteCount {
                // The last four bytes are reserved: written as 0, whatever was read.
                expectSame(bytes.prefix(92), RoutingHeader(decoding: base).write(to:))
            }
            if bytes.count >= TraceContext.byteCount, let context = TraceContext(decoding: base) {
                expectSame(bytes.prefix(TraceContext.byteCount), context.write(to:))
            }
        }
    }

    private static func expectSame(_ read: Slice<UnsafeRawBufferPointer>, _ write: (UnsafeMutableRawPointer) -> Void) {
        var written = [UInt8](repeating: 0, count: RoutingHeader.byteCount)
        written.withUnsafeMutableBytes { write($0.baseAddress!) }
        expect(written.starts(with: read), "written otherwise than it was read")
    }
}

private struct FrameReading: Equatable {
    enum Event: Equatable {
        case frame(FrameHeader, payload: [UInt8], isIntact: Bool)
        case skipped(FrameHeader, RoutingHeader)
        case refused(FrameHeader)
        case invalid(FrameHeader.DecodingError)
    }

    private var events: [Event] = []
    private var isMidFrame = false
    private var isOver = false

    init(of pieces: [ArraySlice<UInt8>], limits: FrameLimits, seed: UInt8) {
        let assembler = FrameAssembler()
        var key = UInt32(seed) &* 0x9E37_79B9
        var arrived = 0
        for piece in pieces where !isOver {
            arrived += piece.count
            feed(piece, under: key, to: assembler, limits)
            key = key &* 1_664_525 &+ 1_013_904_223
            expect(assembler.heldBytes <= arrived, "more is held than has come")
        }
        isMidFrame = !isOver && assembler.isMidFrame
    }

    private mutating func feed(
        _ plain: ArraySlice<UInt8>,
        under key: UInt32,
        to assembler: FrameAssembler,
        _ limits: FrameLimits
    ) {
        let mask = withUnsafeBytes(of: key) { Array($0) }
        let masked = plain.enumerated().map { $1 ^ mask[$0 & 3] }
        masked.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            var piece = MaskedBytes(base: base, count: bytes.count, key: key)
            while !isOver, take(assembler.next(&piece, limits: limits)) {}
            expect(isOver || piece.count == 0, "a piece is not used up")
        }
    }

    /// False where more is needed.
    private mutating func take(_ output: FrameAssembler.Output) -> Bool {
        switch output {
        case .needMore: return false
        case .frame(let frame): events.append(Self.event(of: frame))
        case .skipped(let header, let routing): events.append(.skipped(header, routing))
        case .refused(let header): end(.refused(header))
        case .invalid(let error): end(.invalid(error))
        }
        return true
    }

    private mutating func end(_ event: Event) {
        events.append(event)
        isOver = true
    }

    /// The three ways to read a frame agree about its checksum.
    private static func event(of frame: InboundFrame) -> Event {
        let payload = frame.payload.plain
        var copy = [UInt8](repeating: 0, count: frame.header.frameLength)
        let isIntact = copy.withUnsafeMutableBytes { frame.copyVerified(to: $0.baseAddress!) }
        expect(copy[FrameHeader.byteCount...].starts(with: payload), "the copy is another than the payload")
        expect(frame.verifiedPayload() == (isIntact ? payload : nil), "two ways of checking a frame disagree")
        return .frame(frame.header, payload: payload, isIntact: isIntact)
    }
}
