import Identity
import Logging
import RelayAdmin

/// The tokens that let somebody in over a port, each of a file of its own.
struct AccessTokens: Sendable {
    /// Whoever may order can purge queues: a token that is guessed must be hopeless.
    static let minOrderBytes = 32

    /// To see health in detail, and the page.
    let health: BearerToken?
    /// nil where `admin.http` is off.
    let orders: BearerToken?

    init(_ configuration: Configuration) throws {
        health = try configuration.health.tokenFile.map { try KeyFile.readToken($0) }.flatMap(BearerToken.init)
        orders = try configuration.orderTokenFile
            .map { try KeyFile.readToken($0, minBytes: Self.minOrderBytes) }.flatMap(BearerToken.init)
    }

    /// One that cannot be read leaves the one before in force, which is said.
    func reload(_ configuration: Configuration, _ logger: Logger) {
        reload(health, "health.token_file", logger) {
            try configuration.health.tokenFile.map { try KeyFile.readToken($0) }
        }
        reload(orders, "admin.token_file", logger) {
            try configuration.orderTokenFile.map { try KeyFile.readToken($0, minBytes: Self.minOrderBytes) }
        }
    }

    private func reload(
        _ token: BearerToken?,
        _ key: String,
        _ logger: Logger,
        _ read: () throws -> String?
    ) {
        guard let token else { return }
        do {
            guard let text = try read(), token.replace(by: text) else { return }
            logger.notice("token reloaded", metadata: ["key": "\(key)"])
        } catch {
            logger.error(
                "token not reloaded, the one before stands",
                metadata: ["key": "\(key)", "reason": "\(error)"]
            )
        }
    }
}

extension Configuration {
    fileprivate var orderTokenFile: String? { admin.http ? admin.tokenFile : nil }
}
