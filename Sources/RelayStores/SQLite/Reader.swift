import RelayCore
import WireProtocol

/// One call that only reads.
enum ReadJob: Sendable {
    case load(
        AgentHash,
        past: QueueCursor,
        cut: PageCut,
        now: UnixMilliseconds,
        call: StoreCall?,
        @Sendable (Result<QueuePage, StoreFailure>) -> Void
    )
    case status(AgentHash, @Sendable (Result<QueueStatus, StoreFailure>) -> Void)
    case queues(QueueListQuestion, @Sendable (Result<QueueList, StoreFailure>) -> Void)
    case pinnedKey(AgentHash, @Sendable (Result<PinnedKey?, StoreFailure>) -> Void)

    static let byteCount = 256

    /// Who traces its messages.
    var call: StoreCall? {
        guard case .load(_, _, _, _, let call, _) = self else { return nil }
        return call
    }

    func fail(_ failure: StoreFailure) {
        switch self {
        case .load(_, _, _, _, _, let completion): completion(.failure(failure))
        case .status(_, let completion): completion(.failure(failure))
        case .queues(_, let completion): completion(.failure(failure))
        case .pinnedKey(_, let completion): completion(.failure(failure))
        }
    }
}

/// Reads queues on a second connection and thread. A page of 1,000 messages costs milliseconds; with thousands of
/// agents returning at once, commits on the same thread would wait for all of them. In a write-ahead log a reader holds
/// up no writer, and a page is short enough to hold up no checkpoint.
final class Reader {
    private let path: String
    private let vfs: String?
    private let inbox: Inbox<ReadJob>
    private let damaged: Inbox<WriteJob>
    private let directory: QueueDirectory
    private let publication: Publication
    private let clock: @Sendable () -> MonotonicNanoseconds
    private var pages: PageReader?
    private var backoff = Backoff()

    /// - Parameter damaged: where rows that differ from what was written are reported.
    init(
        _ settings: Writer.Settings,
        inbox: Inbox<ReadJob>,
        damaged: Inbox<WriteJob>,
        directory: QueueDirectory,
        publication: Publication
    ) throws(SQLiteError) {
        path = settings.path
        vfs = settings.vfs
        clock = settings.clock
        self.inbox = inbox
        self.damaged = damaged
        self.directory = directory
        self.publication = publication
        pages = try PageReader(SQLiteConnection(reopening: path, vfs: vfs), directory: directory)
    }

    /// Returns once the inbox is closed and what was in it is completed.
    func run() {
        while let jobs = inbox.take() {
            for job in jobs {
                perform(job)
                inbox.release(bytes: ReadJob.byteCount)
            }
        }
        pages = nil
    }

    private func perform(_ job: ReadJob) {
        let began = clock()
        do {
            guard let pages = try openPages() else { return job.fail(.unavailable(reason: "waiting to reopen")) }
            let answer = try read(job, from: pages)
            publication.succeeded(.reader)
            job.call?.took(StoreWork(.sqlite, began: began, ended: clock(), operations: 1))
            answer()
        } catch {
            let now = clock()
            publication.failed(.reader, error, at: now)
            if error.isInputOutput || pages == nil {
                pages = nil
                backoff.failed(at: now)
            }
            job.call?.took(error.work(began: began, ended: now, operations: 1))
            job.fail(error.failure)
        }
    }

    private func read(_ job: ReadJob, from pages: PageReader) throws(SQLiteError) -> () -> Void {
        switch job {
        case .load(let recipient, let cursor, let cut, let now, _, let completion):
            let (page, suspects) = try pages.page(of: recipient, past: cursor, cut: cut, now: now)
            if !suspects.isEmpty { report(suspects) }
            return { completion(.success(page)) }
        case .status(let recipient, let completion):
            let status = try pages.status(of: recipient)
            return { completion(.success(status)) }
        case .queues(let question, let completion):
            let list = try pages.queues(question)
            return { completion(.success(list)) }
        case .pinnedKey(let agent, let completion):
            let key = try pages.pinnedKey(of: agent)
            return { completion(key) }
        }
    }

    /// Where the inbox is full they are found again by the next load.
    private func report(_ suspects: [Int64]) {
        let job = WriteJob.quarantine(suspects)
        _ = damaged.submit(job, bytes: job.byteCount)
    }

    private func openPages() throws(SQLiteError) -> PageReader? {
        if let pages { return pages }
        guard backoff.allows(at: clock()) else { return nil }
        pages = try PageReader(SQLiteConnection(reopening: path, vfs: vfs), directory: directory)
        backoff.succeeded()
        return pages
    }
}
