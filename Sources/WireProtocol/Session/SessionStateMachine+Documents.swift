extension SessionStateMachine {
    /// A frame after AUTH_OK that is no MESSAGE.
    mutating func receivedDocument(_ header: FrameHeader, payload: [UInt8], wallClock: UInt64) -> SessionAction {
        switch header.type {
        case .ack:
            receivedAck(header, payload)
        case .ping:
            controlDocument(header, payload) { (session, ping: Ping) in
                .send([OutgoingFrame(Pong(answering: ping, serverTime: wallClock, load: session.load))])
            }
        // A NACK settles nothing: what the agent did not take is sent again, and waits in its queue in the end.
        case .nack: controlDocument(header, payload) { (_, _: Nack) in .none }
        case .pong: controlDocument(header, payload) { (_, _: Pong) in .none }
        // An agent that goes away closes when it has what it waits for; until then nothing changes for the relay.
        case .goAway: controlDocument(header, payload) { (_, _: GoAway) in .none }
        case .error:
            controlDocument(header, payload) { (session, error: ProtocolError) in session.peerFailed(error) }
        case .streamOpen, .streamData, .streamClose, .windowUpdate:
            refused(header, "\(header.typeName): this relay has no streams")
        case nil:
            refused(header, "\(header.typeName): this relay does not know the type")
        case .hello, .helloAck, .auth, .authOK, .authFail, .message:
            unexpected(header)
        }
    }

    /// A frame for `ids`, in the form that was negotiated.
    public func acknowledgement(of ids: [MessageID], as type: AckType, wallClock: UInt64) -> [OutgoingFrame] {
        guard ids.count > Ack.maxIDs else { return [ackFrame(ids, type, wallClock)] }
        return stride(from: 0, to: ids.count, by: Ack.maxIDs).map { start in
            ackFrame(Array(ids[start..<min(start + Ack.maxIDs, ids.count)]), type, wallClock)
        }
    }

    mutating func controlDocument<D: Document>(
        _ header: FrameHeader,
        _ payload: [UInt8],
        _ body: (inout Self, D) -> SessionAction
    ) -> SessionAction {
        control(header) { session in
            do throws(DocumentError) {
                return body(&session, try D(json: payload))
            } catch {
                return session.violation("\(header.typeName): \(error)")
            }
        }
    }

    /// Documents of the protocol travel on stream 0.
    private mutating func control(_ header: FrameHeader, _ body: (inout Self) -> SessionAction) -> SessionAction {
        guard header.streamID == 0 else {
            return violation("\(header.typeName): expected on stream 0, received on \(header.streamID)")
        }
        return body(&self)
    }

    private mutating func receivedAck(_ header: FrameHeader, _ payload: [UInt8]) -> SessionAction {
        control(header) { session in
            do throws(DocumentError) {
                let binary = session.extensions.contains(.binaryAck)
                let ack = try Ack(payload: payload, binaryNegotiated: binary)
                return ack.messageIDs.isEmpty ? .none : .acknowledged(ack.messageIDs, ack.type)
            } catch {
                return session.violation("ACK: \(error)")
            }
        }
    }

    private func ackFrame(_ ids: [MessageID], _ type: AckType, _ wallClock: UInt64) -> OutgoingFrame {
        let ack = Ack(messageIDs: ids, type: type, timestamp: wallClock)
        guard extensions.contains(.binaryAck) else { return OutgoingFrame(ack) }
        return OutgoingFrame(type: .ack, payload: ack.binary)
    }

    mutating func peerFailed(_ error: ProtocolError) -> SessionAction {
        error.fatal ? end(.agentFailed) : .none
    }

    mutating func unexpected(_ header: FrameHeader) -> SessionAction {
        violation("\(header.typeName) is not expected here")
    }

    /// Not fatal: the agent learns that nothing was done with the frame.
    func refused(_ header: FrameHeader, _ message: String, details: [String: String]? = nil) -> SessionAction {
        let stream = header.streamID == 0 ? nil : header.streamID
        let error = ProtocolError(code: .refused, streamID: stream, message: message, details: details)
        return .send([OutgoingFrame(error)])
    }
}

extension FrameHeader {
    /// The number of a type this build does not know.
    public var typeName: String {
        type?.name ?? "type \(typeCode)"
    }
}
