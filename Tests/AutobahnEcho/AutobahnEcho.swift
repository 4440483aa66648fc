import Glibc
import Identity
import NIOCore
import NIOPosix
import RelayCore
import RelayTransport

/// The relay's way in, from the listening socket to the upgrade, with an echo behind it. Prints its URL and serves
/// until its standard input ends: `autobahn-echo [port]`
@main
enum AutobahnEcho {
    static func main() throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        // The loops are never started: no relay is on them, and nobody asks for admission.
        let listener = AgentListener(
            loops: DataLoops(group: group),
            limits: TransportLimits(
                maxConnectionsPerIP: 0,
                connectionsPerIPPerSecond: 0,
                connectionsPerSecond: 0,
                deflatesMessages: true
            ),
            admission: Admission(
                identity: RelayIdentity(relayID: "echo", key: nil),
                authenticator: Authenticator(policy: AuthPolicy()),
                store: MemoryStore(limits: QueueLimits()),
                workers: NIOThreadPool(numberOfThreads: 1),
                maxAnonymousPins: 0
            ),
            makeHandler: { EchoHandler(deflate: $0) }
        )
        let port = CommandLine.arguments.dropFirst().first.flatMap(Int.init) ?? 0
        let channel = try listener.bind(host: "127.0.0.1", port: port).wait()
        // Not `print`, which keeps what goes into a pipe.
        let line = Array("ws://127.0.0.1:\(channel.localAddress?.port ?? port)/v1/connect\n".utf8)
        _ = Glibc.write(STDOUT_FILENO, line, line.count)
        while readLine() != nil {}
        try group.syncShutdownGracefully()
    }
}
