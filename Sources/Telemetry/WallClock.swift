import Glibc

/// The time of day, for what people and other machines read.
public enum WallClock {
    /// Milliseconds since 1970.
    public static func unixMilliseconds() -> Int64 { unixNanoseconds() / 1_000_000 }

    public static func unixNanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
