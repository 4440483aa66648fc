import RelayCore

extension StoreHealth {
    func isFailing(with reason: String) -> Bool {
        if case .failing(reason, _) = self { true } else { false }
    }
}
