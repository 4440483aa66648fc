/// Names a connection from any event loop. A slot is used again; the generation tells a stale name.
public struct ConnectionRef: Hashable, Sendable {
    public var loop: UInt16
    public var slot: UInt32
    public var generation: UInt32

    public init(loop: UInt16, slot: UInt32, generation: UInt32) {
        self.loop = loop
        self.slot = slot
        self.generation = generation
    }
}
