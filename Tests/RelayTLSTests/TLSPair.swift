import CertificateFixture
import Foundation
import NIOCore
import NIOEmbedded

@testable import RelayTLS

extension TestAuthority {
    static let shared = Result { try TestAuthority() }

    static func certificate(
        _ name: String = UUID().uuidString,
        key: Key = .p256,
        names: [String] = ["DNS:localhost", "IP:127.0.0.1"]
    ) throws -> ServerCertificate {
        let issued = try shared.get().issue(name, key: key, names: names)
        let files = CertificateFiles(certificate: issued.certificate, key: issued.key)
        return try ServerCertificate(files, now: Int64(Date().timeIntervalSince1970) + 1)
    }

    static func server(_ certificates: [ServerCertificate]? = nil) throws -> TLSServer {
        try TLSServer(certificates ?? [certificate()], clock: { 0 })
    }
}

/// A client and a server on embedded channels, and the wire between them.
final class TLSPair {
    final class End {
        let channel = EmbeddedChannel()
        var result: Result<TLSHandshake, TLSFailure>?
        let inbox = Inbox()

        func open(_ handler: TLSHandler, allowsHalfClosure: Bool) throws {
            channel.allowRemoteHalfClosure = allowsHalfClosure
            try channel.pipeline.syncOperations.addHandlers(handler, inbox)
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        }

        func takeWire() throws -> [UInt8] {
            var bytes: [UInt8] = []
            while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes += buffer.readableBytesView }
            return bytes
        }

        func receive(_ bytes: some Sequence<UInt8>) throws {
            guard channel.isActive else { return }
            try channel.writeInbound(ByteBuffer(bytes: bytes))
        }

        func write(_ bytes: [UInt8]) throws { try channel.writeOutbound(ByteBuffer(bytes: bytes)) }

        var failure: TLSFailure? {
            if case .failure(let failure) = result { failure } else { nil }
        }
    }

    /// What reaches the protocol above.
    final class Inbox: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        var bytes: [UInt8] = []
        var reads = 0
        var errors: [any Error] = []
        var events: [any Sendable] = []

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes += unwrapInboundIn(data).readableBytesView
            reads += 1
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { errors.append(error) }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event is TLSHandshake || event is ChannelEvent { events.append("\(event)") }
        }
    }

    let client = End()
    let server = End()

    init(
        _ tls: TLSServer? = nil,
        host: String = "localhost",
        authorities: String? = nil,
        allowsHalfClosure: Bool = false,
        limit: TimeAmount? = .seconds(5)
    ) throws {
        let tls = try tls ?? TestAuthority.server()
        try server.open(tls.handler(within: limit) { self.server.result = $0 }, allowsHalfClosure: allowsHalfClosure)
        let trusted = try authorities ?? TestAuthority.shared.get().file
        let handler = try TLSClient(authorities: trusted).handler(to: host, within: .seconds(5)) {
            self.client.result = $0
        }
        try client.open(handler, allowsHalfClosure: allowsHalfClosure)
    }

    /// Until nobody has anything to say.
    /// - Parameter cut: the length of the next piece of so many bytes.
    func exchange(_ cut: (Int) -> Int = { $0 }) throws {
        var isQuiet = false
        while !isQuiet {
            isQuiet = true
            for (from, to) in [(client, server), (server, client)] {
                var bytes = try from.takeWire()[...]
                if !bytes.isEmpty { isQuiet = false }
                while !bytes.isEmpty {
                    let piece = bytes.prefix(max(1, cut(bytes.count)))
                    try to.receive(piece)
                    bytes = bytes.dropFirst(piece.count)
                }
            }
        }
    }

    func finish() {
        _ = try? client.channel.finish(acceptAlreadyClosed: true)
        _ = try? server.channel.finish(acceptAlreadyClosed: true)
    }
}

/// Random numbers from a seed (SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
