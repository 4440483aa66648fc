import Compression
import Testing

@Suite struct DeflateTests {
    private func inflated(_ bytes: [UInt8], pieces: Int, with inflater: Inflater) throws -> [UInt8] {
        var result: [UInt8] = []
        inflater.beginMessage()
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            let piece = Array(bytes[start..<min(start + pieces, bytes.count)])
            piece.withUnsafeBytes { inflater.input.copyMemory(from: $0) }
            try inflater.inflate(piece.count) {
                result += $0
                return true
            }
        }
        try inflater.endMessage {
            result += $0
            return true
        }
        return result
    }

    @Test(arguments: [9, 12, 15]) func messagesComeBack(windowBits: Int) throws {
        let deflater = try #require(Deflater(windowBits: windowBits))
        let inflater = try #require(Inflater())
        for size in [128, 9_000, Deflater.maxBytes] {
            let message = (0..<size).map { CodecTests.text[$0 % CodecTests.text.count] }
            let deflated = try #require(message.withUnsafeBytes { deflater.deflate($0).map { Array($0) } })
            #expect(deflated.count < size)
            for pieces in [1, 7, Inflater.pieceBytes] {
                #expect(try inflated(deflated, pieces: pieces, with: inflater) == message)
            }
            #expect(inflater.work.outputBytes == size && inflater.work.inputBytes == deflated.count)
        }
    }

    @Test func whatHasLittleToGainGoesAsItIs() throws {
        let deflater = try #require(Deflater(windowBits: 15))
        var generator = SystemRandomNumberGenerator()
        let noise = (0..<4_000).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        for message in [noise, [UInt8](repeating: 0, count: 127), [UInt8](repeating: 0, count: Deflater.maxBytes + 1)] {
            #expect(message.withUnsafeBytes { deflater.deflate($0) == nil })
        }
    }

    /// RFC 7692 section 7.2.3: the page's own bytes.
    @Test(
        arguments: [
            [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00],
            [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00],
            [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00],
            [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00],
        ] as [[UInt8]]
    )
    func theExamplesOfTheRFC(bytes: [UInt8]) throws {
        let inflater = try #require(Inflater())
        for pieces in [1, 100] { #expect(try inflated(bytes, pieces: pieces, with: inflater) == Array("Hello".utf8)) }
        #expect(try inflated([0x00], pieces: 1, with: inflater) == [])
    }

    @Test func garbageIsAFlaw() throws {
        let inflater = try #require(Inflater())
        #expect(throws: CompressionFlaw.corrupt) { try inflated([0xFF, 0xFF, 0xFF], pieces: 3, with: inflater) }
        // The next message finds nothing of it.
        #expect(
            try inflated([0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], pieces: 2, with: inflater) == Array("Hello".utf8)
        )
    }

    @Test func aBombIsLeftInTheMiddle() throws {
        let inflater = try #require(Inflater())
        let deflater = try #require(Deflater(windowBits: 15))
        let zeros = [UInt8](repeating: 0, count: Deflater.maxBytes)
        let bomb = try #require(zeros.withUnsafeBytes { deflater.deflate($0).map { Array($0) } })
        inflater.beginMessage()
        bomb.withUnsafeBytes { inflater.input.copyMemory(from: $0) }
        var pieces = 0
        try inflater.inflate(bomb.count) { _ in
            pieces += 1
            return false
        }
        #expect(pieces == 1)
        #expect(inflater.work.outputBytes == Inflater.pieceBytes)
    }
}
