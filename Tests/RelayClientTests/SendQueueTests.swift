import Testing
import WireProtocol

@testable import RelayClient

@Suite struct SendQueueTests {
    private var queue = SendQueue(maxBytes: 10_000)
    private let terms = Sample.terms()

    private mutating func next() -> MessageID? {
        guard case .write(let message, _) = queue.next(terms) else { return nil }
        return message.routing.id
    }

    @Test mutating func anAckSettlesWithItsType() throws {
        try queue.append(Sample.message(1), deadline: 9)
        #expect(next() == (try Sample.id(1)))
        #expect(queue.unacknowledged == 1)
        let receipt = Receipt(id: try Sample.id(1), outcome: .acknowledged(.queued), attempts: 1)
        #expect(
            queue.acknowledged([try Sample.id(2), try Sample.id(1)], .queued) == [
                .init(id: receipt.id, result: .success(receipt))
            ]
        )
        #expect(queue.count == 0 && queue.bytes == 0 && queue.unacknowledged == 0)
        #expect(queue.acknowledged([receipt.id], .queued).isEmpty)
    }

    @Test mutating func bestEffortIsSettledByItsWriting() throws {
        let message = try Sample.message(1, mode: .bestEffort)
        try queue.append(message, deadline: 9)
        let receipt = Receipt(id: message.routing.id, outcome: .written, attempts: 1)
        #expect(queue.next(terms) == .write(message, .init(id: receipt.id, result: .success(receipt))))
        #expect(queue.count == 0 && queue.unacknowledged == 0)
    }

    @Test mutating func afterALossTheOldestIsFirstAndAttemptsAreCounted() throws {
        for number in 1...4 as ClosedRange<UInt8> { try queue.append(Sample.message(number), deadline: 9) }
        #expect(next() == (try Sample.id(1)))
        #expect(next() == (try Sample.id(2)))
        #expect(next() == (try Sample.id(3)))
        _ = queue.acknowledged([try Sample.id(2)], .processed)
        queue.connectionLost()
        #expect(queue.unacknowledged == 0)
        #expect([next(), next(), next(), next()] == [try Sample.id(1), try Sample.id(3), try Sample.id(4), nil])
        let settled = queue.acknowledged([try Sample.id(1), try Sample.id(4)], .queued)
        #expect(try settled.map { try $0.result.get().attempts } == [2, 1])
    }

    @Test mutating func theBoundIsInBytesAndCounted() throws {
        let size = try Sample.message(1, bytes: 5_000).chargedBytes
        queue = SendQueue(maxBytes: 2 * size)
        try queue.append(Sample.message(1, bytes: 5_000), deadline: 9)
        try queue.append(Sample.message(2, bytes: 5_000), deadline: 9)
        #expect(throws: SendError.queueFull(maxBytes: 2 * size)) { try queue.append(Sample.message(3), deadline: 9) }
        #expect(queue.overflows == 1 && queue.bytes == 2 * size)
        _ = queue.acknowledged([try Sample.id(1)], .queued)
        try queue.append(Sample.message(3), deadline: 9)
    }

    @Test mutating func oneAloneFitsWhateverItsSize() throws {
        try queue.append(Sample.message(1, bytes: 50_000), deadline: 9)
        #expect(throws: SendError.tooLarge(maxPayloadBytes: FrameHeader.maxPayloadBytes)) {
            try queue.append(Sample.message(2, bytes: FrameHeader.maxPayloadBytes), deadline: 9)
        }
    }

    @Test mutating func anIdIsUsedOnceAtATime() throws {
        try queue.append(Sample.message(1), deadline: 9)
        #expect(throws: SendError.idInUse) { try queue.append(Sample.message(1), deadline: 9) }
        _ = queue.cancelled(try Sample.id(1))
        try queue.append(Sample.message(1), deadline: 9)
        #expect(next() == (try Sample.id(1)))
        #expect(next() == nil)
    }

    @Test mutating func aDeadlineTellsWhetherItWasWritten() throws {
        try queue.append(Sample.message(1), deadline: 20)
        try queue.append(Sample.message(2), deadline: 10)
        _ = next()
        #expect(queue.nextDeadline == 10)
        #expect(queue.timePassed(at: 9).isEmpty)
        let late = queue.timePassed(at: 20)
        #expect(
            late == [
                .init(id: try Sample.id(2), result: .failure(.timedOut(wasWritten: false))),
                .init(id: try Sample.id(1), result: .failure(.timedOut(wasWritten: true))),
            ]
        )
        #expect(next() == nil && queue.bytes == 0)
    }

    @Test mutating func aNackSettles() throws {
        try queue.append(Sample.message(1), deadline: 9)
        _ = next()
        let nack = Nack(messageID: try Sample.id(1), code: .draining, message: "")
        #expect(queue.refused(nack, isGoingAway: false)?.result == .failure(.notAccepted(nack)))
        #expect(queue.refused(nack, isGoingAway: false) == nil)
    }

    @Test mutating func whatADrainingRelayRefusesGoesToTheNextConnection() throws {
        try queue.append(Sample.message(1), deadline: 9)
        _ = next()
        let nack = Nack(messageID: try Sample.id(1), code: .draining, message: "")
        #expect(queue.refused(nack, isGoingAway: true) == nil)
        #expect(queue.unacknowledged == 0 && next() == nil)
        queue.connectionLost()
        #expect(next() == (try Sample.id(1)))
    }

    @Test mutating func whatTheRelayWouldNotTakeIsNotSent() throws {
        try queue.append(Sample.message(1, bytes: 500), deadline: 9)
        let small = Sample.terms(maxPayloadBytes: 595)
        #expect(
            queue.next(small)
                == .failed(.init(id: try Sample.id(1), result: .failure(.tooLarge(maxPayloadBytes: 595))))
        )
        try queue.append(Sample.message(2, bytes: 499), deadline: 9)
        guard case .write = queue.next(small) else { throw TestRelay.NotOpen() }
    }

    @Test mutating func anEndSettlesEverything() throws {
        for number in 1...3 as ClosedRange<UInt8> { try queue.append(Sample.message(number), deadline: 9) }
        #expect(queue.ended(.closed).allSatisfy { $0.result == .failure(.closed) })
        #expect(queue.count == 0 && queue.bytes == 0 && next() == nil)
    }

    @Test mutating func whatIsSettledLeavesNothingBehind() throws {
        for _ in 0..<1_000 {
            try queue.append(Sample.message(1), deadline: 9)
            _ = queue.cancelled(try Sample.id(1))
        }
        #expect(queue.leftovers <= 2 * 65)
    }
}

@Suite struct FrameBatchTests {
    @Test func framesAreNumberedAndCheckedAndMaskedTogether() throws {
        var batch = FrameBatch()
        let trace = TraceContext(traceID: (1, 2), parentID: 3, flags: 1)
        let message = try Sample.message(7, bytes: 300, trace: trace)
        batch.append(OutgoingFrame(type: .ping, payload: [1]))
        batch.append(message, traced: true)
        batch.append(message, traced: false)
        let frames = try Self.frames(in: batch.take(key: 0x0102_0304))
        #expect(frames.map(\.header.sequence) == [1, 2, 3])
        #expect(frames.map(\.header.flags) == [[], [.ackRequested, .traced], .ackRequested])
        #expect(frames[1].payload.count == 96 + 26 + 300 && frames[2].payload.count == 96 + 300)
        #expect(frames[2].payload.withUnsafeBytes { RoutingHeader(decoding: $0.baseAddress!) } == message.routing)
        #expect(batch.isEmpty)
        batch.append(OutgoingFrame(type: .ping, payload: []))
        #expect(try Self.frames(in: batch.take(key: 1)).map(\.header.sequence) == [4])
    }

    /// Cuts a masked WebSocket message as the relay would.
    private static func frames(in bytes: [UInt8]) throws -> [(header: FrameHeader, payload: [UInt8])] {
        var decoder = WebSocketDecoder(role: .server)
        let assembler = FrameAssembler()
        let limits = FrameLimits(takesMessages: true, maxDocumentBytes: 1_000, maxMessageBytes: 10_000)
        var frames: [(FrameHeader, [UInt8])] = []
        try bytes.withUnsafeBytes { bytes in
            var input = bytes
            guard case .data(var piece, endsMessage: true) = decoder.next(&input) else { throw TestRelay.NotOpen() }
            while case .frame(let frame) = assembler.next(&piece, limits: limits) {
                frames.append((frame.header, try #require(frame.verifiedPayload())))
            }
        }
        return frames
    }
}
