import Logging
import NIOCore
import NIOPosix
import RelayAdmin

/// `moltrelay config show` and `reload`.
struct ConfigurationControl: Sendable {
    let relay: RunningRelay
    let steering: Steering

    var routes: [String: AdminRoute] {
        [
            AdminRoute.configPath: .document(on: steering.workers) { _, loop in
                loop.makeFutureWithTask { try reload().document }
            },
            AdminRoute.reloadPath: .verb { (_: ReloadOrder, loop: any EventLoop) in
                steering.workers.runIfActive(eventLoop: loop) {
                    let document = try reload().perform()
                    steering.tell(.reloadOrdered, ["taken": "\(document.taken)"])
                    return document
                }
            },
        ]
    }

    private func reload() throws -> Reload {
        guard let reload = relay.reload else { throw AdminRefusal("the relay is still starting") }
        return reload
    }
}
