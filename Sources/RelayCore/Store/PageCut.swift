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

    /// Takes a message of `size` bytes of payload into the page, unless the page ends before it.
    package mutating func takes(_ size: Int) -> Bool {
        guard messages == 0 || (messages < maxMessages && bytes + size <= maxBytes) else { return false }
        messages += 1
        bytes += size
        return true
    }
}
