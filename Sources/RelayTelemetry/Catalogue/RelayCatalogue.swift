public import Telemetry

/// Every metric of the relay: the one place where its name, unit, labels and meaning are written down. The reference
/// page is made from it, and tests hold dashboards and alerts to it. Names of the deployment guide stand as they are.
public enum RelayCatalogue {
    /// Begins the names of what telemetry says about itself.
    public static let selfPrefix = "moltrelay_"

    /// In the order of a scrape. Labels whose values a start decides (build, volumes) come from the arguments.
    public static func declarations(
        build: BuildLabels = .example,
        volumes: [String] = defaultVolumes
    ) -> [MetricDeclaration] {
        let groups = groups(build: build, volumes: volumes)
        return groups.flatMap(\.declarations)
    }

    struct Group {
        let title: String
        let declarations: [MetricDeclaration]
    }

    static func groups(build: BuildLabels, volumes: [String]) -> [Group] {
        [
            Group(title: "Messages", declarations: messages),
            Group(title: "Connections", declarations: connections),
            Group(title: "TLS", declarations: tls),
            Group(title: "Compression", declarations: compression),
            Group(title: "Queue and store", declarations: storage),
            Group(title: "Relay", declarations: relay(build: build)),
            Group(title: "The relay about itself", declarations: itself(volumes: volumes) + flights),
            Group(title: "Traces", declarations: traces),
            Group(title: "Process", declarations: ProcessMetrics.declarations),
            Group(
                title: "Telemetry about itself",
                declarations: ExpositionMetrics.declarations(prefix: selfPrefix)
                    + StatsdMetrics.declarations(prefix: selfPrefix)
            ),
        ]
    }

    /// What is left over of all messages of a relay: 0 whenever it is idle.
    public static let conservation = """
        moltrelay_messages_total + moltrelay_messages_recovered_total + moltrelay_messages_taken_over_total
          - moltrelay_messages_handed_over_total - sum without (fate) (moltrelay_messages_settled_total)
          - moltrelay_messages_in_flight - moltrelay_queue_depth - moltrelay_store_corrupt_rows_total
          - moltrelay_spill_duplicates_total
        """
}

/// What `moltrelay_build_info` says of the binary.
public struct BuildLabels: Sendable, Equatable {
    public let version: String
    /// Of the compiler.
    public let swift: String

    public static let example = BuildLabels(version: "0.1.0", swift: "6.3")

    public init(version: String, swift: String) {
        self.version = version
        self.swift = swift
    }
}
