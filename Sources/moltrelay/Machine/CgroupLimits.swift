/// What affinity and the control group leave this process of the machine, from cgroup v2 or v1. A limit may sit on any
/// folder between the process' own and the root: the least of them counts.
struct CgroupLimits: Sendable, Equatable {
    /// CPUs' worth of time; nil = no limit.
    var cpus: Double?
    var memoryBytes: Int?

    /// `read` gives the content of a file, or nil where there is none.
    init(reading read: (String) -> String?) {
        cpus = read("/proc/self/status").flatMap(cpusAllowed)
        let membership = read("/proc/self/cgroup") ?? ""
        for line in membership.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let folders = ancestors(of: String(fields[2]))
            if fields[0] == "0", fields[1].isEmpty {
                take(folders.map { "/sys/fs/cgroup\($0)" }, .unified, read)
            }
            for controller in fields[1].split(separator: ",") {
                take(folders.map { "/sys/fs/cgroup/\(controller)\($0)" }, .v1(String(controller)), read)
            }
        }
    }

    /// One loop a CPU, none for a CPU that affinity or the control group never lets run.
    func eventLoops(availableCPUs: Int) -> Int {
        let granted = cpus.map { Int($0.rounded(.up)) } ?? availableCPUs
        return max(1, min(availableCPUs, granted))
    }

    /// `limits.max_memory_bytes`, else nine tenths of the control group's limit (the kernel kills at the whole of
    /// it), else nil for no ceiling.
    func memoryCeiling(configured: Int) -> Int? {
        configured > 0 ? configured : memoryBytes.map { $0 / 10 * 9 }
    }
}

extension CgroupLimits {
    private enum Hierarchy {
        case unified
        case v1(String)
    }

    private mutating func take(_ folders: [String], _ hierarchy: Hierarchy, _ read: (String) -> String?) {
        for folder in folders {
            switch hierarchy {
            case .unified:
                cpus = least(cpus, read("\(folder)/cpu.max").flatMap(cpusOfUnified))
                memoryBytes = least(memoryBytes, read("\(folder)/memory.max").flatMap(count))
            case .v1("cpu"):
                let quota = read("\(folder)/cpu.cfs_quota_us").flatMap(count)
                cpus = least(cpus, ratio(quota, read("\(folder)/cpu.cfs_period_us").flatMap(count)))
            case .v1("memory"):
                memoryBytes = least(memoryBytes, read("\(folder)/memory.limit_in_bytes").flatMap(bytesOfV1))
            case .v1: return
            }
        }
    }
}

/// "/a/b" gives "/a/b", "/a" and "": inside a container the path may be the host's and only the root is mounted.
private func ancestors(of path: String) -> [String] {
    var folders = [""]
    for name in path.split(separator: "/") where name != ".." {
        folders.append("\(folders[folders.count - 1])/\(name)")
    }
    return folders.reversed()
}

/// The mask that taskset, systemd's CPUAffinity and a container's cpuset narrow: hexadecimal, in groups with commas.
private func cpusAllowed(_ status: String) -> Double? {
    guard let mask = status.split(separator: "\n").first(where: { $0.hasPrefix("Cpus_allowed:") }) else { return nil }
    let count = mask.dropFirst("Cpus_allowed:".count).reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) }
    return count > 0 ? Double(count) : nil
}

/// `200000 100000` is two CPUs, `max 100000` no limit.
private func cpusOfUnified(_ content: String) -> Double? {
    let fields = content.split { $0 == " " || $0 == "\n" }
    guard fields.count == 2 else { return nil }
    return ratio(Int(fields[0]), Int(fields[1]))
}

/// -1 (v1) and "max" (v2) mean no limit.
private func count(_ content: String) -> Int? {
    content.split { $0 == " " || $0 == "\n" }.first.flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
}

/// cgroup v1 writes "no limit" as the largest number of whole pages.
private func bytesOfV1(_ content: String) -> Int? {
    count(content).flatMap { $0 < 1 << 60 ? $0 : nil }
}

private func ratio(_ quota: Int?, _ period: Int?) -> Double? {
    guard let quota, let period, quota > 0, period > 0 else { return nil }
    return Double(quota) / Double(period)
}

private func least<Value: Comparable>(_ left: Value?, _ right: Value?) -> Value? {
    guard let left, let right else { return left ?? right }
    return min(left, right)
}

extension CgroupLimits {
    static func ofThisProcess() -> CgroupLimits { CgroupLimits(reading: smallFile) }
}
