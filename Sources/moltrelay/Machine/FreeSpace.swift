import Glibc

/// Room on the volume that a file lies on, or will.
enum FreeSpace {
    /// Bytes this process may still write; 0 where the folder cannot be asked.
    static func beside(_ file: String) -> Int {
        let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? "."
        var volume = statvfs()
        guard statvfs(folder, &volume) == 0 else { return 0 }
        return Int(volume.f_bavail) * Int(volume.f_frsize)
    }
}
