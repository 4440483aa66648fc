import Compression
import Testing
import WireProtocol

@Suite struct CodecTests {
    static let text = Array(String(repeating: #"{"role":"agent","content":"the quick brown fox"},"#, count: 200).utf8)

    @Test(arguments: CompressionAlgorithm.allCases) func whatIsCompressedInflates(algorithm: CompressionAlgorithm)
        throws
    {
        let codec = Codec()
        for size in [257, 1_024, 1_025, Self.text.count] {
            let original = Array(Self.text.prefix(size))
            let data = try #require(codec.compressed(original, algorithm))
            #expect(data.count < size * 4 / 5)
            #expect(try codec.inflated(data, algorithm, size: size) == original)
        }
        #expect(
            codec.takeWork().map(\.operation) == [
                .compress, .inflate, .compress, .inflate, .compress, .inflate, .compress, .inflate,
            ]
        )
        #expect(codec.takeWork().isEmpty)
    }

    @Test(arguments: CompressionAlgorithm.allCases) func whatDoesNotShrinkIsLeft(algorithm: CompressionAlgorithm) {
        var generator = SystemRandomNumberGenerator()
        let noise = (0..<4_096).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let codec = Codec()
        #expect(codec.compressed(noise, algorithm) == nil)
        // The sample decides: what follows it is not looked at.
        #expect(codec.compressed(noise.prefix(1_024) + Self.text, algorithm) == nil)
        let work = codec.takeWork()
        #expect(work.map(\.operation) == [.probe, .probe])
        #expect(work.map(\.inputBytes) == [1_024, 1_024])
    }

    @Test(arguments: CompressionAlgorithm.allCases) func aWrongSizeIsAFlaw(algorithm: CompressionAlgorithm) throws {
        let codec = Codec()
        let data = try #require(codec.compressed(Self.text, algorithm))
        #expect(throws: CompressionFlaw.size) {
            try codec.inflated(data, algorithm, size: Self.text.count + 1)
        }
        // LZ4 has one word for all that does not fit.
        #expect(throws: algorithm == .lz4 ? CompressionFlaw.corrupt : .size) {
            try codec.inflated(data, algorithm, size: Self.text.count - 1)
        }
    }

    @Test(arguments: CompressionAlgorithm.allCases) func bytesBehindTheEndAreAFlaw(algorithm: CompressionAlgorithm)
        throws
    {
        let codec = Codec()
        let data = try #require(codec.compressed(Self.text, algorithm))
        #expect(throws: algorithm == .lz4 ? CompressionFlaw.corrupt : .trailing) {
            try codec.inflated(data + [0], algorithm, size: Self.text.count)
        }
        if algorithm == .zstd {
            #expect(throws: CompressionFlaw.trailing) {
                try codec.inflated(data + data, algorithm, size: 2 * Self.text.count)
            }
        }
    }

    @Test(arguments: CompressionAlgorithm.allCases) func everyCutIsAFlaw(algorithm: CompressionAlgorithm) throws {
        let codec = Codec()
        let data = try #require(codec.compressed(Self.text, algorithm))
        for length in 0..<data.count {
            #expect(throws: CompressionFlaw.self) {
                try codec.inflated(Array(data.prefix(length)), algorithm, size: Self.text.count)
            }
        }
    }

    @Test(arguments: CompressionAlgorithm.allCases) func nothingIsWrittenPastTheSize(algorithm: CompressionAlgorithm)
        throws
    {
        let codec = Codec()
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        let bomb = try #require(codec.compressed(zeros, algorithm))
        var space = [UInt8](repeating: 0xEE, count: 4_096)
        space.withUnsafeMutableBytes { space in
            let output = UnsafeMutableRawBufferPointer(rebasing: space[..<1_024])
            #expect(throws: CompressionFlaw.self) {
                try bomb.withUnsafeBytes { try codec.inflate($0, algorithm, into: output) }
            }
        }
        #expect(space[1_024...].allSatisfy { $0 == 0xEE })
    }
}

extension Codec {
    func compressed(_ input: [UInt8], _ algorithm: CompressionAlgorithm) -> [UInt8]? {
        var output = [UInt8](repeating: 0, count: input.count)
        let written = input.withUnsafeBytes { input in
            output.withUnsafeMutableBytes { compress(input, algorithm, into: $0) }
        }
        return written.map { Array(output.prefix($0)) }
    }

    func inflated(_ data: [UInt8], _ algorithm: CompressionAlgorithm, size: Int) throws -> [UInt8] {
        var output = [UInt8](repeating: 0, count: size)
        try data.withUnsafeBytes { data in
            try output.withUnsafeMutableBytes { try inflate(data, algorithm, into: $0) }
        }
        return output
    }
}
