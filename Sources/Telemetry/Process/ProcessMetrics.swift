/// The standard `process_*` metrics, read from /proc at each scrape.
public enum ProcessMetrics {
    public static let declarations: [MetricDeclaration] = [
        cpuSeconds, residentBytes, virtualBytes, openDescriptors, maxDescriptors, threads, startTime,
    ]

    public static func register(in registry: MetricRegistry) throws(MetricDeclarationError) {
        let cpuSeconds = try registry.counter(cpuSeconds).shared()
        let residentBytes = try registry.gauge(residentBytes).shared()
        let virtualBytes = try registry.gauge(virtualBytes).shared()
        let openDescriptors = try registry.gauge(openDescriptors).shared()
        let maxDescriptors = try registry.gauge(maxDescriptors).shared()
        let threads = try registry.gauge(threads).shared()
        try registry.gauge(startTime).shared().set(ProcessUsage.startTime() ?? 0)
        registry.beforeScrape {
            cpuSeconds.raise(to: ProcessUsage.cpuNanoseconds())
            if let stat = ProcessUsage.Stat() {
                residentBytes.set(Double(stat.residentBytes))
                virtualBytes.set(Double(stat.virtualBytes))
                threads.set(Double(stat.threads))
            }
            if let open = ProcessUsage.openDescriptors() { openDescriptors.set(Double(open)) }
            maxDescriptors.set(ProcessUsage.maxDescriptors())
        }
    }

    static let cpuSeconds = MetricDeclaration.counter(
        "process_cpu_seconds_total",
        unit: .seconds,
        help: "User and system CPU time spent."
    )
    static let residentBytes = MetricDeclaration.gauge(
        "process_resident_memory_bytes",
        unit: .bytes,
        help: "Resident memory."
    )
    static let virtualBytes = MetricDeclaration.gauge(
        "process_virtual_memory_bytes",
        unit: .bytes,
        help: "Virtual memory."
    )
    static let openDescriptors = MetricDeclaration.gauge("process_open_fds", help: "Open file descriptors.")
    static let maxDescriptors = MetricDeclaration.gauge("process_max_fds", help: "Most file descriptors allowed.")
    static let threads = MetricDeclaration.gauge("process_threads", help: "Operating system threads.")
    static let startTime = MetricDeclaration.gauge(
        "process_start_time_seconds",
        unit: .seconds,
        help: "When the process started, in seconds since 1970."
    )
}
