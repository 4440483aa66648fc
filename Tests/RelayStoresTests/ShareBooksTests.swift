import RelayCore
import Testing

@testable import RelayStores

@Suite struct ShareBooksTests {
    private func books(_ share: QueueShare) -> ShareBooks {
        var books = ShareBooks()
        books.note(share)
        return books
    }

    /// Ten puts that were reported as failed are there, and ten removals that were settled took theirs.
    @Test func whatWasPutWithoutAnAnswerIsRecovered() {
        var books = books(QueueShare(messages: 10, put: 10))
        books.reopened(QueueShare(messages: 10, put: 20))
        #expect(books.recovered == 10)
    }

    @Test func whatWasRemovedWithoutAnAnswerIsSettled() {
        var books = books(QueueShare(messages: 10, takenOver: 1, put: 10))
        books.reopened(QueueShare(messages: 5, takenOver: 3, put: 10))
        #expect(books.recovered == 0)
        #expect(books.share?.takenOver == 3)
        books.reopened(QueueShare(messages: 7, takenOver: 3, put: 12))
        #expect(books.recovered == 2, "as if none had been lost before")
    }

    @Test func whatOthersTookMeanwhileIsHandedOver() {
        var books = books(QueueShare(messages: 10, put: 10))
        books.reopened(QueueShare(messages: 6, handedOver: 4, put: 10))
        #expect(books.recovered == 0)
        #expect(books.share?.handedOver == 4)
    }

    @Test func aServerThatForgotIsCountedAnew() {
        var books = books(QueueShare(messages: 4, put: 10))
        books.reopened(QueueShare(messages: 7, put: 7))
        #expect(books.recovered == 3, "removals are forgotten with what was put before them")
        books.reopened(QueueShare())
        #expect(books.recovered == -4, "lost")
    }

    /// The last removals alone.
    @Test func whatComesBackIsRecovered() {
        var books = books(QueueShare(messages: 4, put: 10))
        books.reopened(QueueShare(messages: 6, put: 10))
        #expect(books.recovered == 2)
    }

    @Test func whatIsTakenOverFromTheGoneIsRecovered() {
        var books = books(QueueShare(messages: 4, put: 10))
        books.note(QueueShare(messages: 9, adopted: 5, put: 10))
        #expect(books.recovered == 5)
        books.reopened(QueueShare(messages: 11, adopted: 7, put: 10))
        #expect(books.recovered == 7)
    }
}
