import RelayCore
import Synchronization

/// A batch of which some operations are for the primary and the others for the spill.
final class SplitBatch: Sendable {
    private typealias Part = Result<[StoreOutcome], StoreFailure>

    private let batch: [StoreOperation]
    private let diverted: [Bool]
    private let completion: Line.Completion
    private let first = Mutex<Part?>(nil)

    init(_ batch: [StoreOperation], _ diverted: [Bool], _ completion: @escaping Line.Completion) {
        (self.batch, self.diverted, self.completion) = (batch, diverted, completion)
    }

    func operations(diverted part: Bool) -> [StoreOperation] {
        zip(batch, diverted).compactMap { $0.1 == part ? $0.0 : nil }
    }

    func finish(_ result: Result<[StoreOutcome], StoreFailure>, diverted part: Bool) {
        let other = first.withLock { first -> Part? in
            defer { first = result }
            return first
        }
        guard let other else { return }
        completion(part ? merge(other, result) : merge(result, other))
    }

    /// In the order of the batch. Where one part alone failed, the other's messages will be delivered: so it is no
    /// failure of the whole, and the failed ones were refused.
    private func merge(_ direct: Part, _ spilled: Part) -> Part {
        if case (.failure(let failure), .failure) = (direct, spilled) { return .failure(failure) }
        var rest = [false: outcomes(of: direct, false)[...], true: outcomes(of: spilled, true)[...]]
        return .success(diverted.compactMap { rest[$0]?.popFirst() })
    }

    private func outcomes(of part: Part, _ isDiverted: Bool) -> [StoreOutcome] {
        if case .success(let outcomes) = part { return outcomes }
        return operations(diverted: isDiverted).map { operation in
            // A removal that is forgotten costs a redelivery.
            if case .put = operation { .refused(.totalBytes) } else { .absent }
        }
    }
}
