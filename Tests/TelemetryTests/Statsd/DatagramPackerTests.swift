import Testing

@testable import Telemetry

@Suite struct DatagramPackerTests {
    @Test func linesFillDatagramsAndAreNeverSplit() {
        var packer = DatagramPacker(limit: 10)
        let lines = ["aaaa", "bbbb", "c", "dddddddd", "eeeeeeeee", "ffffffffff", "g"]
        for line in lines { packer.append(Array(line.utf8)) }
        let texts = packer.datagrams.map { String(decoding: $0.bytes, as: UTF8.self) }
        #expect(texts == ["aaaa\nbbbb\n", "c\n", "dddddddd\n", "eeeeeeeee\n", "g\n"])
        #expect(packer.datagrams.map(\.lines) == [2, 1, 1, 1, 1])
        #expect(packer.oversized == 1)
    }

    @Test func linesThatBelongTogetherStayTogether() {
        var packer = DatagramPacker(limit: 10)
        packer.append(Array("aaaa".utf8))
        packer.append(Array("b\nc".utf8), count: 2)
        packer.append(Array("dd\nee".utf8), count: 2)
        packer.append(Array("fffff\nggggg".utf8), count: 2)
        #expect(packer.datagrams.map(\.lines) == [3, 2])
        #expect(packer.oversized == 2)
    }

    @Test func theLimitIsThatOfTheWay() {
        #expect(StatsdOptions().limit(isLoopback: false) == 1_432)
        #expect(StatsdOptions().limit(isLoopback: true) == 4_000)
        #expect(StatsdOptions(maxDatagramBytes: 512).limit(isLoopback: true) == 512)
    }
}
