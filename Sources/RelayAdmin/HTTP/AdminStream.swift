/// An answer that goes on for as long as its reader stays. Used on the admin event loop.
public final class AdminStream: Sendable {
    /// What to send next; empty where there is nothing yet.
    let next: @Sendable () -> [UInt8]
    /// Calls once, from any thread, when there may be more.
    let whenMore: @Sendable (@escaping @Sendable () -> Void) -> Void
    /// The reader is gone. Called once.
    let end: @Sendable () -> Void

    public init(
        next: @escaping @Sendable () -> [UInt8],
        whenMore: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void,
        end: @escaping @Sendable () -> Void
    ) {
        (self.next, self.whenMore, self.end) = (next, whenMore, end)
    }
}

extension AdminStream: Equatable {
    public static func == (one: AdminStream, other: AdminStream) -> Bool { one === other }
}
