import Foundation
import Testing

@testable import Telemetry

@Suite struct HistogramShapeTests {
    @Test(
        arguments: [
            [], [0.0], [7.0], (1...10).map(Double.init), [50_000, 100_000, 250_000, 10_000_000, 0x1p62],
            (0..<254).map { 1_000_000 + Double($0) },
        ] as [[Double]]
    )
    func cellsAreThoseOfALinearSearch(bounds: [Double]) {
        let shape = HistogramShape(bounds: bounds, unit: .none)
        let native = NativeBuckets.bounds(ticksPerUnit: 1)
        let ticks = bounds.map { UInt64($0) }
        let powers = (0..<64).map { UInt64(1) << $0 }
        let near = (ticks + powers + native.ticks).flatMap { [$0 == 0 ? 0 : $0 - 1, $0, $0 + 1] }
        for value in near + [0, .max - 1, .max] {
            let classic = ticks.firstIndex { value <= $0 } ?? ticks.count
            let cell = shape.layout.cell(of: value)
            #expect(shape.layout.classicBucket(of: value) == classic)
            #expect(cell < shape.classicEnds[classic] && cell >= (classic > 0 ? shape.classicEnds[classic - 1] : 0))
            guard value > 0 else { continue }
            let place = native.ticks.firstIndex { value <= $0 } ?? native.ticks.count
            #expect(shape.nativeIndices[cell] == native.firstIndex + Int32(place), "\(value)")
        }
        #expect(shape.layout.cell(of: 0) == 0)
        #expect(shape.nativeIndices.count == shape.bucketCells && shape.classicEnds.last == shape.bucketCells)
    }

    /// Bucket i is (2^((i-1)/8), 2^(i/8)] seconds; 1 s is the upper bound of bucket 0.
    @Test(
        arguments: [
            (1_000_000_000, 0), (1_000_000_001, 1), (2_000_000_000, 8), (500_000_000, -8), (500_000_001, -7),
            (1, -239), (1_090_507_732, 1), (1_090_507_733, 2),
        ] as [(UInt64, Int32)]
    )
    func nativeBucketsAreOfTheUnit(nanoseconds: UInt64, index: Int32) {
        let shape = HistogramShape(bounds: [0.1, 1], unit: .seconds)
        #expect(shape.nativeIndices[shape.layout.cell(of: nanoseconds)] == index)
    }

    @Test func aClassicBoundSplitsNoNativeBucket() {
        var native = NativeBuckets()
        let shape = HistogramShape(bounds: [1.05], unit: .seconds)
        var counts = [UInt64](repeating: 0, count: shape.bucketCells)
        for nanoseconds: UInt64 in [0, 1_040_000_000, 1_060_000_000, 1_060_000_000] {
            counts[shape.layout.cell(of: nanoseconds)] += 1
        }
        native.fill(counts[...], indices: shape.nativeIndices)
        #expect(native.zeroCount == 1)
        #expect(native.buckets == [NativeBuckets.Bucket(index: 1, count: 3)])
        #expect(native.schema == 3)
    }

    @Test func tooManyBucketsAreJoinedTwoByTwo() {
        var native = NativeBuckets()
        let indices = (-1...200).map(Int32.init)
        let counts = indices.map { UInt64(exactly: $0 + 2) ?? 0 }
        native.fill(([0] + counts)[...], indices: [0] + indices)
        #expect(native.schema == 2)
        // -1 and 0 share (2^-1/4, 1], 1 and 2 the next; 200 is the upper half of its.
        #expect(native.buckets.first == NativeBuckets.Bucket(index: 0, count: 1 + 2))
        #expect(native.buckets[1] == NativeBuckets.Bucket(index: 1, count: 3 + 4))
        #expect(native.buckets.last == NativeBuckets.Bucket(index: 100, count: 201 + 202))
        #expect(native.buckets.reduce(0) { $0 + $1.count } == counts.reduce(0, +))
        native.fill([0, 5], indices: [0, 7])
        #expect(native.schema == 3)
    }

    @Test func everyBucketThereIsFitsTheBound() {
        var native = NativeBuckets()
        let shape = HistogramShape(bounds: [], unit: .seconds)
        native.fill([UInt64](repeating: 1, count: shape.bucketCells)[...], indices: shape.nativeIndices)
        #expect(native.buckets.count <= NativeBuckets.maxBuckets)
        #expect(native.schema == 1)
    }
}
