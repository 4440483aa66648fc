import CBrotli
import CLZ4
public import WireProtocol

/// Compresses and inflates envelopes, and notes what each took. Keeps the libraries' working memory from one envelope
/// to the next, so it belongs to one thread at a time.
public final class Codec {
    /// Brotli's and zstd's middle of the road is for archives: here a message waits for it (docs/decisions.md).
    static let brotliQuality: Int32 = 4
    static let zstdLevel: Int32 = 1
    /// The part of an envelope that shows whether the rest is worth its CPU (protocol section 9).
    public static let sampleBytes = 1_024

    private let zstd = ZstdContexts()
    private var done: [CompressionWork] = []

    public init() {}

    /// Since the last call.
    public func takeWork() -> [CompressionWork] {
        guard !done.isEmpty else { return [] }
        defer { done.removeAll(keepingCapacity: done.capacity <= 256) }
        return done
    }

    /// Fills `output`, whose size is what the bytes are said to inflate to: nothing is written past it.
    public func inflate(
        _ input: UnsafeRawBufferPointer,
        _ algorithm: CompressionAlgorithm,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionFlaw) {
        let start = CompressionWork.processorTime
        defer { note(algorithm, .inflate, input.count, output.count, since: start) }
        switch algorithm {
        case .lz4: try LZ4.inflate(input, into: output)
        case .zstd: try zstd.inflate(input, into: output)
        case .brotli: try Brotli.inflate(input, into: output)
        }
    }

    /// - Parameter output: room for less than `input`.
    /// - Returns: the bytes written; nil where a sample does not shrink below 0.8, or all of it not into `output`.
    public func compress(
        _ input: UnsafeRawBufferPointer,
        _ algorithm: CompressionAlgorithm,
        into output: UnsafeMutableRawBufferPointer
    ) -> Int? {
        let start = CompressionWork.processorTime
        let sample = UnsafeRawBufferPointer(rebasing: input.prefix(Self.sampleBytes))
        let written = write(sample, algorithm, into: output)
        guard let written, written * 5 < sample.count * 4 else {
            note(algorithm, .probe, sample.count, written ?? sample.count, since: start)
            return nil
        }
        guard input.count > sample.count else {
            note(algorithm, .compress, input.count, written, since: start)
            return written
        }
        let all = write(input, algorithm, into: output)
        note(algorithm, all == nil ? .probe : .compress, input.count, all ?? input.count, since: start)
        return all
    }

    private func write(
        _ input: UnsafeRawBufferPointer,
        _ algorithm: CompressionAlgorithm,
        into output: UnsafeMutableRawBufferPointer
    ) -> Int? {
        switch algorithm {
        case .lz4: LZ4.compress(input, into: output)
        case .zstd: zstd.compress(input, level: Self.zstdLevel, into: output)
        case .brotli: Brotli.compress(input, quality: Self.brotliQuality, into: output)
        }
    }

    private func note(
        _ algorithm: CompressionAlgorithm,
        _ operation: CompressionWork.Operation,
        _ input: Int,
        _ output: Int,
        since start: UInt64
    ) {
        let spent = CompressionWork.processorTime &- start
        done.append(
            CompressionWork(algorithm, operation, inputBytes: input, outputBytes: output, nanoseconds: spent)
        )
    }
}

/// Blocks, not frames: the size is before them.
private enum LZ4 {
    static func compress(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int? {
        let written = LZ4_compress_default(
            input.baseAddress,
            output.baseAddress,
            Int32(input.count),
            Int32(output.count)
        )
        return written > 0 ? Int(written) : nil
    }

    static func inflate(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionFlaw) {
        // Bytes behind the block and more than fits are one error there.
        let written = LZ4_decompress_safe(
            input.baseAddress,
            output.baseAddress,
            Int32(input.count),
            Int32(output.count)
        )
        guard written >= 0 else { throw .corrupt }
        guard Int(written) == output.count else { throw .size }
    }
}

private enum Brotli {
    static func compress(
        _ input: UnsafeRawBufferPointer,
        quality: Int32,
        into output: UnsafeMutableRawBufferPointer
    ) -> Int? {
        var written = output.count
        let isDone = BrotliEncoderCompress(
            quality,
            window(for: input.count),
            BROTLI_MODE_GENERIC,
            input.count,
            input.bindMemory(to: UInt8.self).baseAddress,
            &written,
            output.bindMemory(to: UInt8.self).baseAddress
        )
        return isDone == BROTLI_TRUE ? written : nil
    }

    /// No wider than what it is to span, in powers of two: the encoder and the peer pay for it.
    private static func window(for count: Int) -> Int32 {
        Int32(min(max(Int.bitWidth - count.leadingZeroBitCount, 10), 22))
    }

    static func inflate(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CompressionFlaw) {
        guard let decoder = BrotliDecoderCreateInstance(nil, nil, nil) else { throw .corrupt }
        defer { BrotliDecoderDestroyInstance(decoder) }
        var (inputLeft, outputLeft) = (input.count, output.count)
        var next = input.bindMemory(to: UInt8.self).baseAddress
        var target = output.bindMemory(to: UInt8.self).baseAddress
        switch BrotliDecoderDecompressStream(decoder, &inputLeft, &next, &outputLeft, &target, nil) {
        case BROTLI_DECODER_RESULT_SUCCESS:
            guard inputLeft == 0 else { throw .trailing }
            guard outputLeft == 0 else { throw .size }
        case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT: throw .size
        default: throw .corrupt
        }
    }
}
