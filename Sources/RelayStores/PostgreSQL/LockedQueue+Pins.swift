import NIOCore
import Postgres
import RelayCore
import WireProtocol

extension LockedQueue {
    /// Claims that change nothing, which is nearly all of them, need no lock.
    func pin(
        _ jobs: ArraySlice<WriteJob>,
        _ limits: QueueLimits,
        _ connection: PostgresConnection
    ) throws(PostgresFailure) -> (answers: [() -> Void], hasWritten: Bool) {
        var claims: [(claim: KeyClaim, completion: @Sendable (Result<KeyClaimOutcome, StoreFailure>) -> Void)] = []
        for case .pin(let claim, let completion) in jobs { claims.append((claim, completion)) }
        let agents = claims.map(\.claim.agent)
        let look = [PostgresCall(QueueStatements.anonymousPins), Self.pins(of: agents)]
        let found = try connection.run(look)
        var verdicts = PinVerdicts(found[1], of: agents, anonymous: Int(found[0].integer(0, 0)))
        var outcomes = claims.map { verdicts.outcome(of: $0.claim) }
        var hasWritten = false
        if verdicts.hasChanged {
            var (batch, rows) = try begin(connection, limits, [Self.pins(of: agents)])
            let before = batch.totals.anonymousPins
            verdicts = PinVerdicts(rows[0], of: agents, anonymous: before)
            outcomes = claims.map { verdicts.outcome(of: $0.claim) }
            batch.pinned(withoutOrganisation: verdicts.anonymous - before)
            try end(batch, connection, more: verdicts.calls)
            hasWritten = true
        }
        return (zip(claims, outcomes).map { claim, outcome in { claim.completion(.success(outcome)) } }, hasWritten)
    }

    func unpin(
        _ agent: AgentHash,
        _ limits: QueueLimits,
        _ connection: PostgresConnection
    ) throws(PostgresFailure) -> (pin: PinnedKey?, hasWritten: Bool) {
        var (batch, rows) = try begin(connection, limits, [Self.pins(of: [agent])])
        let pin = rows[0].count > 0 ? rows[0].pin(0) : nil
        if let pin, pin.org == nil { batch.pinned(withoutOrganisation: -1) }
        try end(batch, connection, more: [PostgresCall(QueueStatements.dropPin, PostgresParameters(agent))])
        return (pin, true)
    }

    private static func pins(of agents: [AgentHash]) -> PostgresCall {
        PostgresCall(QueueStatements.pins, PostgresParameters(agents))
    }
}

/// Claims judged one after the other, each on what those before it left.
private struct PinVerdicts {
    private var pins: [AgentHash: PinnedKey] = [:]
    private var changed: Set<AgentHash> = []
    private(set) var anonymous: Int

    /// - Parameter rows: the answer to `QueueStatements.pins`.
    init(_ rows: PostgresRows, of agents: [AgentHash], anonymous: Int) {
        self.anonymous = anonymous
        for row in 0..<rows.count { pins[agents[Int(rows.integer(row, 0)) - 1]] = rows.pin(row) }
    }

    var hasChanged: Bool { !changed.isEmpty }

    mutating func outcome(of claim: KeyClaim) -> KeyClaimOutcome {
        let existing = pins[claim.agent]
        let verdict = claim.verdict(on: existing, anonymousPins: anonymous)
        guard case .write(let pin) = verdict else { return verdict.outcome }
        if let existing, existing.org == nil { anonymous -= 1 }
        if pin.org == nil { anonymous += 1 }
        pins[claim.agent] = pin
        changed.insert(claim.agent)
        return verdict.outcome
    }

    var calls: [PostgresCall] {
        changed.compactMap { agent in
            pins[agent].map { pin in
                var parameters = PostgresParameters(agent)
                parameters.append(bytes: { $0.writeBytes(pin.publicKey) })
                parameters.append(pin.org)
                return PostgresCall(QueueStatements.setPin, parameters)
            }
        }
    }
}

extension PostgresRows {
    /// Key and organisation behind a first column.
    func pin(_ row: Int) -> PinnedKey { PinnedKey(publicKey: Array(bytes(row, 1)), org: text(row, 2)) }
}
