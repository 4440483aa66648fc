extension MetricRegistry {
    /// A counter's sum over its series, or over those with that label value, in ticks; 0 for a name that is not
    /// declared. Reads every series: for people's questions, not for probes.
    public func total(_ name: String, _ value: String? = nil) -> UInt64 {
        var snapshot = MetricSnapshot()
        read(into: &snapshot)
        guard let family = snapshot.families.first(where: { $0.declaration.name == name }) else { return 0 }
        return (0..<family.seriesCount).reduce(0) { sum, series in
            let labels = family.labels(of: series).pairs
            guard value == nil || labels.contains(where: { $0.value == value }) else { return sum }
            return sum + snapshot.count(family, series: series)
        }
    }
}
