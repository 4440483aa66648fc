/// Why what a proxy said of its client, or somebody in a proxy's place, is not believed.
public enum ProxyRefusal: String, Sendable, CaseIterable {
    /// A trusted proxy's socket began with something else.
    case missing
    case malformed
    case tooLarge = "too_large"
    case tooSlow = "too_slow"
    /// A header from an address that is no proxy's.
    case untrusted
}
