import Compression
import RelayCore
import Telemetry
import WireProtocol

/// The shard of one loop's metrics that are not about one message.
struct EventInstruments {
    private let connections: ConnectionInstruments
    private let tls: TLSInstruments
    private let store: StoreInstruments
    private let compression: CompressionInstruments
    private let nacks: ShardCounters
    private let duplicatesJoined, redeliveries, unknownAcknowledgements: ShardCounter
    private let lag: ShardHistogram

    init(_ instruments: RelayInstruments, shard: Int) {
        connections = ConnectionInstruments(instruments.connections, shard: shard)
        tls = TLSInstruments(instruments.tls, shard: shard)
        store = StoreInstruments(instruments.store, shard: shard)
        compression = CompressionInstruments(instruments.compression, shard: shard)
        nacks = instruments.messages.nacks.on(shard: shard)
        duplicatesJoined = instruments.messages.duplicatesJoined.on(shard: shard)[0]
        redeliveries = instruments.messages.redeliveries.on(shard: shard)[0]
        unknownAcknowledgements = instruments.messages.unknownAcknowledgements.on(shard: shard)[0]
        lag = instruments.eventLoopLag.on(shard: shard)[0]
    }

    func observe(_ event: RelayEvent) {
        switch event {
        case .connectionOpened: connections.opened.add()
        case .connectionClosed(let reason, let opened, let time): connections.closed(reason, opened, time)
        case .connectionFailed(let cause): connections.failed(cause)
        case .connectionRefused(let limit): connections.refused(limit)
        case .proxyHeader(let result): connections.identified(result)
        case .rateUntracked(let table): connections.untracked(table)
        case .acceptPaused: connections.acceptPauses.add()
        case .tlsEstablished(let suite, let isResumed, let opened, let time):
            tls.established(suite, isResumed, elapsed(opened, time))
        case .tlsFailed(let cause): tls.failed(cause)
        case .handshakeCompleted(let opened, let time): connections.authenticated(opened, time)
        case .authenticationFailed(let code): connections.refused(code)
        case .framesReceived(let type, let count): connections.framesReceived[type.place].add(UInt64(count))
        case .nacked(_, let code): nacks[code.place].add()
        case .traced: break
        case .duplicateJoined: duplicatesJoined.add()
        case .redelivered: redeliveries.add()
        case .unknownAcknowledgement: unknownAcknowledgements.add()
        case .slowConsumerClosed: connections.slowConsumers.add()
        case .senderPaused: connections.senderPauses.add()
        case .storeCommitted(let operations, let started, let time): store.committed(operations, started, time)
        case .writesElided(let count): store.elided.add(UInt64(count))
        case .storeFailed(let failure): store.failures[StoreFailureReason(failure).place].add()
        case .storeCalled: break
        case .compressed(let work): compression.did(work)
        case .compressionFailed(let flaw): compression.failures[place(of: flaw)].add()
        case .conversionWaited: compression.waits.add()
        case .eventLoopLagged(let nanoseconds): lag.observe(nanoseconds)
        }
    }
}

private struct ConnectionInstruments {
    let opened, slowConsumers, senderPauses, acceptPauses: ShardCounter
    let framesReceived: ShardCounters
    private let errors: ShardCounter
    private let closed, failures, refusals, proxyHeaders, ratesUntracked, authentications: ShardCounters
    private let duration, handshakeDuration: ShardHistogram

    init(_ families: ConnectionFamilies, shard: Int) {
        opened = families.opened.on(shard: shard)[0]
        slowConsumers = families.slowConsumers.on(shard: shard)[0]
        senderPauses = families.senderPauses.on(shard: shard)[0]
        acceptPauses = families.acceptPauses.on(shard: shard)[0]
        framesReceived = families.framesReceived.on(shard: shard)
        errors = families.errors.on(shard: shard)[0]
        closed = families.closed.on(shard: shard)
        failures = families.failures.on(shard: shard)
        refusals = families.refusals.on(shard: shard)
        proxyHeaders = families.proxyHeaders.on(shard: shard)
        ratesUntracked = families.ratesUntracked.on(shard: shard)
        authentications = families.authentications.on(shard: shard)
        duration = families.duration.on(shard: shard)[0]
        handshakeDuration = families.handshakeDuration.on(shard: shard)[0]
    }

    func closed(_ reason: CloseReason, _ opened: MonotonicNanoseconds, _ time: MonotonicNanoseconds) {
        closed[place(of: reason)].add()
        if let time = elapsed(opened, time) { duration.observe(time) }
    }

    func failed(_ cause: ConnectionFailure) {
        errors.add()
        failures[place(of: cause)].add()
    }

    func refused(_ limit: ConnectionLimit) { refusals[place(of: limit)].add() }

    func identified(_ result: ProxyHeaderResult) { proxyHeaders[place(of: result)].add() }

    func untracked(_ table: RateTable) { ratesUntracked[place(of: table)].add() }

    func authenticated(_ opened: MonotonicNanoseconds, _ time: MonotonicNanoseconds) {
        authentications[0].add()
        if let time = elapsed(opened, time) { handshakeDuration.observe(time) }
    }

    func refused(_ code: AuthFailCode) { authentications[1 + place(of: code)].add() }
}

private struct CompressionInstruments {
    let failures: ShardCounters
    let waits: ShardCounter
    private let input, output: ShardCounters
    private let time: ShardHistograms

    init(_ families: CompressionFamilies, shard: Int) {
        failures = families.failures.on(shard: shard)
        waits = families.waits.on(shard: shard)[0]
        input = families.input.on(shard: shard)
        output = families.output.on(shard: shard)
        time = families.time.on(shard: shard)
    }

    func did(_ work: CompressionWork) {
        input[work.place].add(UInt64(work.inputBytes))
        output[work.place].add(UInt64(work.outputBytes))
        time[work.place].observe(work.nanoseconds)
    }
}

private struct StoreInstruments {
    let failures: ShardCounters
    let elided: ShardCounter
    private let operations: ShardCounter
    private let commitDuration, batchOperations: ShardHistogram

    init(_ families: StoreFamilies, shard: Int) {
        failures = families.failures.on(shard: shard)
        operations = families.operations.on(shard: shard)[0]
        elided = families.elided.on(shard: shard)[0]
        commitDuration = families.commitDuration.on(shard: shard)[0]
        batchOperations = families.batchOperations.on(shard: shard)[0]
    }

    func committed(_ count: Int, _ started: MonotonicNanoseconds, _ time: MonotonicNanoseconds) {
        operations.add(UInt64(count))
        batchOperations.observe(UInt64(count))
        if let time = elapsed(started, time) { commitDuration.observe(time) }
    }
}

/// Where a code stands among its enum's: a search, so for what happens once a connection or error, not once a message.
func place<Code: CaseIterable & Equatable>(of code: Code) -> Int where Code.AllCases == [Code] {
    Code.allCases.firstIndex(of: code) ?? 0
}
