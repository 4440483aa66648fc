import Glibc

/// Room on a volume.
struct VolumeRoom: Sendable, Equatable {
    /// Bytes that this process may still write.
    var free: Int
    var total: Int

    /// Of the volume that a file lies on, or will; nil where its folder cannot be asked.
    init?(beside file: String) {
        let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? "."
        var volume = statvfs()
        guard statvfs(folder, &volume) == 0 else { return nil }
        self.init(free: Int(volume.f_bavail) * Int(volume.f_frsize), total: Int(volume.f_blocks) * Int(volume.f_frsize))
    }

    init(free: Int, total: Int) {
        self.free = free
        self.total = total
    }
}
