import Glibc

/// Whether what this process prints goes to the journal anyway: then its own fields can go there too.
public enum JournalStream {
    /// `$JOURNAL_STREAM` names, as `device:inode`, the stream that systemd connected standard error with, or else
    /// standard output. Where both are streams of their own it names the former, and the latter need only be a socket.
    ///
    /// False where journald cannot be reached from here: a sandbox may hide its socket.
    public static func isStandardOutput(journalStream: String?) -> Bool {
        guard JournalOutput.isThere, let journalStream else { return false }
        if names(journalStream, STDOUT_FILENO) { return true }
        return names(journalStream, STDERR_FILENO) && isSocket(STDOUT_FILENO)
    }

    static func names(_ journalStream: String, _ descriptor: Int32) -> Bool {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return false }
        return journalStream == "\(status.st_dev):\(status.st_ino)"
    }

    private static func isSocket(_ descriptor: Int32) -> Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }
}
