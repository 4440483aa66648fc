import Glibc

/// What the kernel says of this process. nil where /proc does not answer.
enum ProcessUsage {
    struct Stat {
        let threads: UInt64
        /// After the boot of the machine, in clock ticks.
        let startTicks: UInt64
        let virtualBytes: UInt64
        let residentBytes: UInt64

        init?() {
            guard let text = readFile("/proc/self/stat"), let stat = Stat(parsing: text) else { return nil }
            self = stat
        }

        /// - Parameter text: proc(5), /proc/pid/stat; fields are counted from 1 there.
        init?(parsing text: String) {
            // The name before the last parenthesis may hold spaces and parentheses; the third field follows it.
            guard let nameEnd = text.lastIndex(of: ")") else { return nil }
            let fields = text[text.index(after: nameEnd)...].split(separator: " ")
            guard fields.count > 21, let threads = UInt64(fields[17]), let start = UInt64(fields[19]),
                let virtual = UInt64(fields[20]), let residentPages = UInt64(fields[21])
            else { return nil }
            self.threads = threads
            startTicks = start
            virtualBytes = virtual
            residentBytes = residentPages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
        }
    }

    /// Finer than the ticks of /proc/self/stat.
    static func cpuNanoseconds() -> UInt64 {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return 0 }
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Seconds since 1970.
    static func startTime() -> Double? {
        guard let stat = Stat(), let text = readFile("/proc/stat"),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
            let boot = Double(line.dropFirst("btime ".count))
        else { return nil }
        return boot + Double(stat.startTicks) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// O(1) from Linux 6.2 on, where the folder's size is the count; before that a walk, 0.1 us a descriptor.
    static func openDescriptors() -> Int? {
        var status = stat()
        if stat("/proc/self/fd", &status) == 0, status.st_size > 0 { return Int(status.st_size) }
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var entries = 0
        while readdir(folder) != nil { entries += 1 }
        // Less `.`, `..` and the descriptor of this walk.
        return entries - 3
    }

    /// Read anew each time: the soft limit can be raised while the process runs. +Inf where there is none.
    static func maxDescriptors() -> Double {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
        return limit.rlim_cur == rlim_t.max ? .infinity : Double(limit.rlim_cur)
    }

    private static func readFile(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while true {
            let chunk = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
                count = max(read(descriptor, buffer.baseAddress, buffer.count), 0)
            }
            guard !chunk.isEmpty else { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk
        }
    }
}
