/// A handshake that came to its end; the pipeline hears it as a user event.
public struct TLSHandshake: Sendable, Equatable {
    public var version: TLSVersion
    public var suite: TLSSuite
    /// By a ticket of an earlier connection.
    public var isResumed: Bool

    public init(version: TLSVersion, suite: TLSSuite, isResumed: Bool) {
        self.version = version
        self.suite = suite
        self.isResumed = isResumed
    }
}

public enum TLSVersion: String, Sendable, CaseIterable {
    case tls12 = "1.2"
    case tls13 = "1.3"
}

/// What can be agreed on: TLS 1.3's three, and of version 1.2 what has forward secrecy and authenticated encryption.
public enum TLSSuite: String, Sendable, CaseIterable {
    case aes256GCM = "TLS_AES_256_GCM_SHA384"
    case chaCha20 = "TLS_CHACHA20_POLY1305_SHA256"
    case aes128GCM = "TLS_AES_128_GCM_SHA256"
    case ecdsaAES256GCM = "ECDHE-ECDSA-AES256-GCM-SHA384"
    case ecdsaChaCha20 = "ECDHE-ECDSA-CHACHA20-POLY1305"
    case ecdsaAES128GCM = "ECDHE-ECDSA-AES128-GCM-SHA256"
    case rsaAES256GCM = "ECDHE-RSA-AES256-GCM-SHA384"
    case rsaChaCha20 = "ECDHE-RSA-CHACHA20-POLY1305"
    case rsaAES128GCM = "ECDHE-RSA-AES128-GCM-SHA256"

    static let ofTLS13: [TLSSuite] = [.aes256GCM, .chaCha20, .aes128GCM]
    static let ofTLS12: [TLSSuite] = allCases.filter { !ofTLS13.contains($0) }

    /// As OpenSSL wants a list of them.
    static func list(_ suites: [TLSSuite]) -> String { suites.map(\.rawValue).joined(separator: ":") }
}
