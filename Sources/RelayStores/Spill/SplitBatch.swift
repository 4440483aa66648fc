import RelayCore
import Synchronization

/// A batch of which some operations are for the primary and the others for the spill. It succeeds once both parts did.
final class SplitBatch: Sendable {
    private typealias Part = Result<[StoreOutcome], StoreFailure>

    private let diverted: [Bool]
    private let completion: @Sendable (Result<[StoreOutcome], StoreFailure>) -> Void
    private let first = Mutex<Part?>(nil)

    init(_ diverted: [Bool], _ completion: @escaping @Sendable (Result<[StoreOutcome], StoreFailure>) -> Void) {
        (self.diverted, self.completion) = (diverted, completion)
    }

    func operations(of batch: [StoreOperation], diverted part: Bool) -> [StoreOperation] {
        zip(batch, diverted).compactMap { $0.1 == part ? $0.0 : nil }
    }

    func finish(_ result: Result<[StoreOutcome], StoreFailure>, diverted part: Bool) {
        let other = first.withLock { first -> Part? in
            defer { first = result }
            return first
        }
        guard let other else { return }
        let (direct, spilled) = part ? (other, result) : (result, other)
        completion(direct.flatMap { direct in spilled.map { merge(direct, $0) } })
    }

    /// In the order of the batch.
    private func merge(_ direct: [StoreOutcome], _ spilled: [StoreOutcome]) -> [StoreOutcome] {
        var (direct, spilled) = (direct[...], spilled[...])
        return diverted.compactMap { $0 ? spilled.popFirst() : direct.popFirst() }
    }
}
