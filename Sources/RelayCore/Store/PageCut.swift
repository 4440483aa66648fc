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

    /// Of a page that had no message fit to be delivered.
    package var wider: PageCut {
        let twice = { (bound: Int) in bound.multipliedReportingOverflow(by: 2) }
        let (messages, bytes) = (twice(maxMessages), twice(max(1, maxBytes)))
        return PageCut(
            maxMessages: messages.overflow ? .max : messages.partialValue,
            maxBytes: bytes.overflow ? .max : bytes.partialValue
        )
    }

    /// Takes a message of `size` bytes of payload into the page, unless the page ends before it.
    package mutating func takes(_ size: Int) -> Bool {
        guard messages == 0 || (messages < maxMessages && bytes + size <= maxBytes) else { return false }
        messages += 1
        bytes += size
        return true
    }
}
