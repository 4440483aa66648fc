/// Where a client's commands go: one server, or whichever node of a cluster has their slot. On its loop alone.
protocol CommandLink: AnyObject {
    /// - Parameter tried: what came of the first address that answered, or of all where none did.
    func start(_ tried: @escaping (Result<Void, RedisFailure>) -> Void)

    func send(_ command: RedisCommand, _ completion: @escaping CommandHandler.Completion)

    func close(_ completion: @escaping () -> Void)
}
