import Compression
import RelayCore
import WireProtocol

extension ConnectionHandler {
    /// What a WebSocket message may inflate to: a batch of frames, the last of the largest size.
    private var maxInflatedBytes: Int {
        let batch = 128 * 1024
        return session.isOpen ? services.session.maxMessagePayloadBytes + batch : batch
    }

    /// A piece of a compressed message: goes on to `take` as it inflates, never held whole.
    func inflate(
        _ piece: MaskedBytes,
        endsMessage: Bool,
        at now: MonotonicNanoseconds,
        on connection: Connection,
        _ relay: Relay
    ) {
        guard ending.takesInput, let inflater = inflaterForMessage() else { return }
        let limit = maxInflatedBytes
        let took: (UnsafeRawBufferPointer) -> Bool = { bytes in
            self.took(bytes, inflater, limit, at: now, on: connection, relay)
        }
        do throws(CompressionFlaw) {
            var rest = piece
            while rest.count > 0, ending.takesInput {
                let part = rest[0..<min(rest.count, Inflater.pieceBytes)]
                part.copy(to: inflater.input.baseAddress!)
                rest.removeFirst(part.count)
                try inflater.inflate(part.count, took)
            }
            if endsMessage, ending.takesInput { try inflater.endMessage(took) }
        } catch {
            relay.note(.compressionFailed(error))
            violated(.deflatedData)
        }
        guard endsMessage || !ending.takesInput else { return }
        relay.note(.compressed(inflater.work))
        self.inflater = nil
        loop.giveInflater(inflater)
    }

    private func inflaterForMessage() -> Inflater? {
        if let inflater { return inflater }
        inflater = loop.takeInflater()
        inflater?.beginMessage()
        if inflater == nil { perform(session.ended(by: .overloaded(reconnectAfterMilliseconds: 1_000))) }
        return inflater
    }

    /// - Returns: false where no more of this message is wanted.
    private func took(
        _ bytes: UnsafeRawBufferPointer,
        _ inflater: Inflater,
        _ limit: Int,
        at now: MonotonicNanoseconds,
        on connection: Connection,
        _ relay: Relay
    ) -> Bool {
        guard inflater.work.outputBytes <= limit else {
            relay.note(.compressionFailed(.size))
            perform(session.ended(by: .tooLarge))
            return false
        }
        take(MaskedBytes(plain: bytes), at: now, on: connection, relay)
        return ending.takesInput
    }
}
