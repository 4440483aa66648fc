import Synchronization

extension MetricRegistry {
    /// A counter's sum over its series, or over those with that label value, in ticks; 0 for a name that is not
    /// declared. What only a scrape's hooks set is as of the last scrape. For people's questions, not for probes.
    public func total(_ name: String, _ value: String? = nil) -> UInt64 {
        guard let family = state.withLock({ $0.families.first { $0.declaration.name == name } }) else { return 0 }
        return family.series.reduce(0) { sum, series in
            guard value == nil || series.labels.pairs.contains(where: { $0.value == value }) else { return sum }
            return sum + series.cells.totalCount(0)
        }
    }
}
