/// Where a page of a queue ends: shared by the back ends, so that they end it alike.
package struct PageCut {
    package let maxMessages: Int
    package let maxBytes: Int
    private var messages = 0
    private var bytes = 0

    package init(maxMessages: Int, maxBytes: Int) {
        self.maxMessages = max(1, maxMessages)
        self.maxBytes = maxBytes
    }

    private static let widestBytes = 32 << 20
    private static let widestMessages = 1 << 16

    /// Of a page that had no message fit to be delivered; nil where that is enough.
    package var wider: PageCut? {
        guard maxBytes < Self.widestBytes, maxMessages < Self.widestMessages else { return nil }
        return PageCut(maxMessages: 2 * maxMessages, maxBytes: 2 * max(1, maxBytes))
    }

    /// - Parameter page: of a wider cut.
    package func trimmed(_ page: QueuePage) -> QueuePage {
        var cut = self
        let taken = page.messages.prefix { cut.takes($0.message.byteCount) }
        return QueuePage(messages: Array(taken), isLast: page.isLast && taken.count == page.messages.count)
    }

    package static let allDamaged = StoreFailure.unavailable(
        reason: "the queue begins with more damaged messages than are passed over"
    )

    /// Takes a message of `size` bytes of payload into the page, unless the page ends before it.
    package mutating func takes(_ size: Int) -> Bool {
        guard messages == 0 || (messages < maxMessages && bytes + size <= maxBytes) else { return false }
        messages += 1
        bytes += size
        return true
    }
}
