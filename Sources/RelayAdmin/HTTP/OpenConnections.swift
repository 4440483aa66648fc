/// The connections of one listener, oldest first. Confined to the admin event loop.
final class OpenConnections {
    private let limit: Int
    private var connections: [AdminConnection] = []

    init(limit: Int) { self.limit = limit }

    /// Makes room for a new connection where there is none: a probe must get through however many clients sit there
    /// and say nothing. Where all are being answered, the one goes whose answer has been under way for longest: one
    /// that is taken takes no time.
    func add(_ connection: AdminConnection) {
        connections.append(connection)
        guard connections.count > limit else { return }
        let others = connections.dropLast()
        let victim = others.first(where: \.owesNothing) ?? others.min { $0.deadline < $1.deadline } ?? connection
        victim.crowdedOut()
    }

    func remove(_ connection: AdminConnection) {
        connections.removeAll { $0 === connection }
    }
}
