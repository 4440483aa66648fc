import WireProtocol

/// The keys that agent ids are pinned to, for the life of the process.
struct MemoryPins {
    private var pins: [AgentHash: PinnedKey] = [:]
    private var anonymous = 0

    mutating func claim(_ claim: KeyClaim) -> KeyClaimOutcome {
        let verdict = claim.verdict(on: pins[claim.agent], anonymousPins: anonymous)
        guard case .write(let pin) = verdict else { return verdict.outcome }
        if pins[claim.agent]?.org == nil, pins[claim.agent] != nil { anonymous -= 1 }
        if pin.org == nil { anonymous += 1 }
        pins[claim.agent] = pin
        return .held
    }

    subscript(agent: AgentHash) -> PinnedKey? { pins[agent] }

    mutating func remove(_ agent: AgentHash) -> PinnedKey? {
        guard let pin = pins.removeValue(forKey: agent) else { return nil }
        if pin.org == nil { anonymous -= 1 }
        return pin
    }
}
