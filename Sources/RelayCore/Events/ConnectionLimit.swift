/// The limit that refused a socket, by its configuration key. A closed set: it becomes a label.
public enum ConnectionLimit: String, Sendable, CaseIterable {
    case connections = "max_connections"
    case connectionsPerIP = "max_connections_per_ip"
    case connectionsPerSecond = "connection_rate_per_second"
    case connectionsPerIPPerSecond = "connections_per_ip_per_second"
    case memory = "max_memory_bytes"
}

/// A rate whose table was full, so that one went unlimited, or limited for itself alone; by its configuration key.
public enum RateTable: String, Sendable, CaseIterable {
    case connectionsPerIPPerSecond = "connections_per_ip_per_second"
    case connectionsPerAgentPerMinute = "connections_per_agent_per_minute"
    case messagesPerAgentPerMinute = "messages_per_agent_per_minute"
}
