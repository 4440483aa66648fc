import NIOCore
import WireProtocol

@testable import Compression
@testable import RelayCore

/// Compressed envelopes and WebSocket messages from anybody: nothing is written past the size they are said to have,
/// what inflates is the whole of the input and deflates back to itself, and no message leaves anything to the next.
enum CompressionTarget {
    static func run(_ input: [UInt8]) {
        var script = Script(input)
        let kind = script.byte() % 8
        switch kind {
        case 0..<3: inflate(CompressionAlgorithm.allCases[Int(kind)], Int(script.number(UInt16.self)), script.rest())
        case 3: compress(script.rest())
        case 4: convert(FrameFlags(rawValue: script.byte()), to: script.byte(), script.rest())
        case 5: deflate(times: Int(script.byte()) + 1, script.rest())
        default: inflateMessage(limit: Int(script.number(UInt16.self)), seed: script.byte(), script.rest())
        }
    }

    // Kept from one input to the next, as a loop keeps them; the fuzzer has one thread.
    private nonisolated(unsafe) static let codec = Codec()
    // The same.
    private nonisolated(unsafe) static let inflater = known(Inflater())
    // The same.
    private nonisolated(unsafe) static let deflater = known(Deflater(windowBits: 15))
    private static let canary: UInt8 = 0xA5

    private static func inflated(
        _ algorithm: CompressionAlgorithm,
        _ size: Int,
        _ data: [UInt8],
        by codec: Codec
    ) -> Result<[UInt8], CompressionFlaw> {
        var bytes = [UInt8](repeating: canary, count: size + 64)
        let result = bytes.withUnsafeMutableBytes { bytes in
            data.withUnsafeBytes { data in
                Result { () throws(CompressionFlaw) in
                    try codec.inflate(data, algorithm, into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<size]))
                }
            }
        }
        _ = codec.takeWork()
        expect(bytes[size...].allSatisfy { $0 == canary }, "\(algorithm.name) writes past the size it was told")
        return result.map { Array(bytes[..<size]) }
    }

    private static func inflate(_ algorithm: CompressionAlgorithm, _ size: Int, _ data: [UInt8]) {
        let result = inflated(algorithm, size, data, by: codec)
        expect(inflated(algorithm, size, data, by: Codec()) == result, "an envelope leaves something to the next")
        guard case .success = result else { return }
        for other in [size + 1, size - 1] where other >= 0 {
            guard case .failure = inflated(algorithm, other, data, by: codec) else { broken("two sizes of one") }
        }
        guard case .failure = inflated(algorithm, size, data + [0], by: codec) else { broken("more than the envelope") }
    }

    private static func compress(_ envelope: [UInt8]) {
        for algorithm in CompressionAlgorithm.allCases where !envelope.isEmpty {
            var data = [UInt8](repeating: 0, count: envelope.count)
            let count = data.withUnsafeMutableBytes { room in
                envelope.withUnsafeBytes { codec.compress($0, algorithm, into: room) }
            }
            guard let count else { continue }
            let again = inflated(algorithm, envelope.count, Array(data[..<count]), by: codec)
            expect(again == .success(envelope), "\(algorithm.name) does not give back what it took")
        }
    }

    /// As a recipient takes it: in the algorithm that it has, or plain, and always the same envelope.
    private static func convert(_ flags: FrameFlags, to code: UInt8, _ rest: [UInt8]) {
        let routing = [UInt8](repeating: 7, count: flags.envelopeOffset)
        // Larger ones the session refuses (protocol section 9).
        if flags.contains(.compressed), rest.count > 2, rest[1] != 0 || rest[2] > 1 { return }
        let conversion = Conversion(algorithm: CompressionAlgorithm(rawValue: code), threshold: 64)
        let payload = ByteBuffer(bytes: routing + rest)
        guard let made = try? conversion.convert(flags, payload, with: codec) else {
            return expect(flags.contains(.compressed), "a plain envelope cannot be converted")
        }
        expect(made.payload.readableBytesView.starts(with: routing), "the routing header is another")
        expect(made.flags.subtracting(.compressed) == flags.subtracting(.compressed), "other flags")
        expect(
            !conversion.isNeeded(made.flags, made.payload) || !made.flags.contains(.compressed),
            "not as it is taken"
        )
        let plain = Conversion(algorithm: nil, threshold: 0)
        let (before, after) = (
            try? plain.convert(flags, payload, with: codec), try? plain.convert(made.flags, made.payload, with: codec)
        )
        expect(before?.payload == after?.payload && before != nil, "the envelope is another")
    }

    private static func deflate(times: Int, _ piece: [UInt8]) {
        let message = Array(repeatElement(piece, count: times).joined())
        guard let data = message.withUnsafeBytes({ deflater.deflate($0).map { Array($0) } }) else { return }
        expect(data.count < message.count, "a message grows")
        let read = DeflatedReading(of: [data[...]], limit: .max, by: inflater)
        expect(read == DeflatedReading(bytes: message), "a message is another once it is inflated")
    }

    private static func inflateMessage(limit: Int, seed: UInt8, _ data: [UInt8]) {
        let readings = cuttings(of: data, seed: seed).map { DeflatedReading(of: $0, limit: limit, by: inflater) }
        expect(readings.allSatisfy { $0 == readings[0] }, "inflated otherwise where it is cut")
        expect(DeflatedReading(of: [data[...]], limit: limit, by: known(Inflater())) == readings[0], "left to the next")
    }
}

private struct DeflatedReading: Equatable {
    /// nil where it is refused. How far one came that is, and whether its size or a flaw was met first, depends on the
    /// pieces.
    var bytes: [UInt8]?

    init(bytes: [UInt8]) { self.bytes = bytes }

    init(of pieces: [ArraySlice<UInt8>], limit: Int, by inflater: Inflater) {
        inflater.beginMessage()
        var (taken, isTooLong) = ([UInt8](), false)
        let take: (UnsafeRawBufferPointer) -> Bool = { piece in
            expect(!isTooLong, "more of a message that nobody wants")
            expect(piece.count <= Inflater.pieceBytes, "a piece of \(piece.count) bytes")
            taken += piece
            expect(inflater.work.outputBytes == taken.count, "another count than what came")
            isTooLong = taken.count > limit
            return !isTooLong
        }
        do throws(CompressionFlaw) {
            for piece in pieces where !isTooLong {
                piece.withUnsafeBytes { inflater.input.copyMemory(from: $0) }
                try inflater.inflate(piece.count, take)
            }
            if !isTooLong { try inflater.endMessage(take) }
        } catch {
            return
        }
        expect(limit == .max || taken.count <= limit + Inflater.pieceBytes, "\(taken.count) bytes past \(limit)")
        if !isTooLong { bytes = taken }
    }
}
