/// What became of a proxy's word for its client. A closed set: it becomes a label.
public enum ProxyHeaderResult: String, Sendable, CaseIterable {
    /// The address it names counts.
    case client
    /// The proxy spoke for itself: its own address counts.
    case own
    /// A trusted proxy's socket began with something else.
    case missing
    case malformed
    case tooLarge = "too_large"
    case tooSlow = "too_slow"
    /// A header from an address that is no proxy's.
    case untrusted
}
