extension ValueType where Value == [KafkaCluster] {
    static var kafkaClusters: ValueType {
        let name = "a mapping of cluster names, each with bootstrap_servers"
        return ValueType(
            name: name,
            read: { raw throws(Unacceptable) in
                let parts = try raw.entries(expected: name).map { (".\($0.key)", $0.value, $0) }
                return try readAll(parts) { entry throws(Unacceptable) in try kafkaCluster(entry) }
            },
            show: { $0.map(\.name).joined(separator: ", ") }
        )
    }
}

private func kafkaCluster(_ entry: RawValue.Entry) throws(Unacceptable) -> KafkaCluster {
    if let first = entry.firstPosition {
        throw Unacceptable([.init(position: entry.position, message: repetition(of: entry.key, first: first))])
    }
    let expected = "a mapping with bootstrap_servers"
    var record = try RecordReader(entry.value, keys: ["bootstrap_servers"], expected: expected)
    let servers = record.value("bootstrap_servers", .list(of: .remoteAddress, name: "hosts with a port"))
    try record.finish()
    guard let servers else { throw Unacceptable(entry.value, expected: expected) }
    return KafkaCluster(name: entry.key, bootstrapServers: servers)
}
