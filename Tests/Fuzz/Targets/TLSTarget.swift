import CertificateFixture
import Glibc
import NIOCore
import NIOEmbedded

@testable import RelayTLS

/// A true client's bytes, cut, glued, flipped, repeated and put in another order before the server has them. Nothing is
/// read that the client has not written, or out of order; a handshake ends once, with its cause; a connection that
/// nobody meddled with carries everything.
enum TLSTarget {
    static func run(_ input: [UInt8]) {
        let play = TLSPlay(Script(input))
        while !play.isOver { play.step() }
        play.end()
    }
}

/// Made anew by each process; on the disk only until they are read.
private enum Ends {
    static let made: (server: TLSServer, strict: TLSServer, client: TLSClient) = {
        do {
            let authority = try TestAuthority()
            let issued = try authority.issue()
            let files = CertificateFiles(certificate: issued.certificate, key: issued.key)
            let certificate = try ServerCertificate(files, now: Int64(time(nil)) + 1)
            let clients = TLSServerSettings.ClientCertificates(authorities: authority.file, isRequired: true)
            return (
                try TLSServer([certificate], clock: { 0 }),
                try TLSServer([certificate], settings: TLSServerSettings(clients: clients), clock: { 0 }),
                try TLSClient(authorities: authority.file)
            )
        } catch {
            broken("no certificate for the target: \(error)")
        }
    }()
}

private final class TLSPlay {
    private static let patience = TimeAmount.seconds(5)

    private var script: Script
    private let (server, client) = (EmbeddedChannel(), EmbeddedChannel())
    private let (serverTop, clientTop) = (Reader(), Reader())
    private let isStrict: Bool
    /// Buffers that the server was lent, and got back or passed on.
    private var (lent, returned) = (0, 0)
    private var serverResults: [Result<TLSHandshake, TLSFailure>] = []
    private var isClientOpen = false
    private var (clientWrote, serverWrote) = (0, 0)
    private var wire = ClientWire()
    private var isHeard = false
    private var hasTimePassed = false
    /// Nobody closed or meddled.
    private var isFair = true

    var isOver: Bool { script.isAtEnd }

    init(_ script: Script) {
        self.script = script
        let settings = self.script.byte()
        isStrict = settings & 1 == 1
        server.allowRemoteHalfClosure = settings & 2 == 2
        open(roomBytes: settings & 4 == 4 ? 16 : 1_024)
        if settings & 8 == 8 { serverTop.answer = { self.serverWrites($0) } }
        if settings & 16 == 16 {
            isFair = false
            serverTop.closesBehind = Int(settings >> 5) * 100
        }
        exchange()
    }

    private func open(roomBytes: Int) {
        let buffers = PlaintextBuffers {
            self.lent += 2
            return $1.buffer(capacity: max(roomBytes, roomBytes > 16 ? $0.readableBytes : 0))
        } giveBack: { _ in
            self.returned += 1
        }
        do {
            let tls = isStrict ? Ends.made.strict : Ends.made.server
            let handler = try tls.handler(within: Self.patience, buffers: buffers) { self.serverResults.append($0) }
            try server.pipeline.syncOperations.addHandlers(handler, serverTop)
            let dialling = try Ends.made.client.handler(to: "localhost", within: .hours(1)) { result in
                if case .success = result { self.isClientOpen = true }
            }
            try client.pipeline.syncOperations.addHandlers(dialling, clientTop)
            let address = try SocketAddress(ipAddress: "192.0.2.1", port: 1)
            for channel in [server, client] { try channel.connect(to: address).wait() }
        } catch {
            broken("no connection: \(error)")
        }
    }

    func step() {
        switch script.byte() & 15 {
        case 0: deliver(wire.bytes.count)
        case 1: deliver(Int(script.byte()) + 1)
        case 2: deliver(Int(script.number(UInt16.self)))
        case 3: clientWrites(Int(script.byte()) + 1)
        case 4: clientWrites(Int(script.number(UInt16.self)))
        case 5: wire.flip(at: script.number(), by: script.byte())
        case 6: wire.drop(at: script.number(), script.byte())
        case 7: wire.repeatRecord(script.byte())
        case 8: wire.swapRecords(script.byte(), script.byte())
        case 9, 10: wire.insert(script.take(Int(script.byte())), at: script.number())
        case 11: serverWrites((Int(script.byte()) + 1) * 64)
        case 12: close(client, mode: .output)
        case 13: close(server, mode: .all)
        case 14: wait(.seconds(Int64(script.byte() & 7)))
        default: wire.flood(kibibytes: Int(script.byte()))
        }
        exchange()
    }

    private func deliver(_ count: Int) {
        let piece = wire.take(count)
        guard server.isActive, !piece.isEmpty else { return }
        isHeard = true
        // The ciphertext comes back like the buffers that were asked for.
        _ = try? server.writeInbound(ByteBuffer(bytes: piece))
        ciphertexts += 1
    }

    private var ciphertexts = 0

    private func clientWrites(_ count: Int) {
        guard isClientOpen, client.isActive else { return }
        client.writeAndFlush(Pattern.bytes(clientWrote, count), promise: nil)
        clientWrote += count
    }

    private func serverWrites(_ count: Int) {
        guard case .success? = serverResults.first, server.isActive else { return }
        server.writeAndFlush(Pattern.bytes(serverWrote, count), promise: nil)
        serverWrote += count
    }

    private func close(_ channel: EmbeddedChannel, mode: CloseMode) {
        isFair = false
        channel.close(mode: mode, promise: nil)
    }

    private func wait(_ time: TimeAmount) {
        hasTimePassed = true
        server.embeddedEventLoop.advanceTime(by: time)
    }

    /// What the server says reaches the client as it is.
    private func exchange() {
        while let bytes = try? client.readOutbound(as: ByteBuffer.self) { wire.append(bytes.readableBytesView) }
        while let bytes = try? server.readOutbound(as: ByteBuffer.self) {
            if client.isActive { _ = try? client.writeInbound(bytes) }
        }
        while let bytes = try? client.readOutbound(as: ByteBuffer.self) { wire.append(bytes.readableBytesView) }
        serverTop.check(against: clientWrote)
        clientTop.check(against: serverWrote)
        if case .success? = serverResults.first {} else { expect(serverTop.count == 0, "read before it was agreed") }
    }

    func end() {
        while server.isActive, !wire.bytes.isEmpty {
            deliver(wire.bytes.count)
            exchange()
        }
        if isFair, !wire.isTouched, !hasTimePassed, !isStrict { checkEverythingCame() }
        // Past a handshake's time, and the second that a plain answer lingers.
        wait(Self.patience)
        wait(.seconds(1))
        if case .success? = serverResults.first {} else { expect(!server.isActive, "half a handshake for ever") }
        _ = try? server.finish(acceptAlreadyClosed: true)
        _ = try? client.finish(acceptAlreadyClosed: true)
        checkResult()
        (serverTop.answer, serverTop.closesBehind) = (nil, nil)
    }

    private func checkEverythingCame() {
        expect(server.isActive && client.isActive, "a good connection is closed: \(serverResults)")
        expect(serverTop.count == clientWrote, "\(serverTop.count) of \(clientWrote) bytes reach the server")
        expect(clientTop.count == serverWrote, "\(clientTop.count) of \(serverWrote) bytes reach the client")
        expect(serverTop.errors.isEmpty, "an error of a good connection: \(serverTop.errors)")
    }

    private func checkResult() {
        expect(serverResults.count == (isHeard ? 1 : 0), "a handshake ended \(serverResults.count) times")
        expect(serverTop.errors.count <= 1, "a connection failed with \(serverTop.errors)")
        // Half of what is lent for plaintext is counted when it goes up.
        expect(lent / 2 + ciphertexts == returned + serverTop.reads, "a buffer is lost, or given back twice")
        var failures = serverTop.errors.compactMap { $0 as? TLSFailure }
        expect(failures.count == serverTop.errors.count, "an error that is none of TLS")
        if case .failure(let failure)? = serverResults.first { failures.append(failure) }
        for failure in failures {
            switch failure.cause {
            case .internal, .io: broken("the peer's doing is called ours: \(failure)")
            case .timeout: expect(hasTimePassed, "too early for a timeout")
            case .certificate: expect(isStrict, "a certificate that nobody asked for")
            default: break
            }
        }
    }
}

/// What a stream has at each place: order and gaps show.
private enum Pattern {
    static func byte(_ place: Int) -> UInt8 { UInt8(truncatingIfNeeded: place &* 167 &+ place >> 8) }

    static func bytes(_ start: Int, _ count: Int) -> ByteBuffer { ByteBuffer(bytes: (start..<start + count).map(byte)) }
}

/// The protocol above TLS.
private final class Reader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private(set) var (count, reads) = (0, 0)
    private(set) var errors: [any Error] = []
    var answer: ((Int) -> Void)?
    /// Closes within the read that brings it so far.
    var closesBehind: Int?
    private var hasClosed = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        reads += 1
        expect(!hasClosed, "read after it was closed")
        for byte in unwrapInboundIn(data).readableBytesView {
            expect(byte == Pattern.byte(count), "byte \(count) is another than was written")
            count += 1
        }
        if let closesBehind, count > closesBehind {
            hasClosed = true
            return context.close(promise: nil)
        }
        answer?(unwrapInboundIn(data).readableBytes)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { errors.append(error) }

    func check(against written: Int) { expect(count <= written, "more is read than was written") }
}
