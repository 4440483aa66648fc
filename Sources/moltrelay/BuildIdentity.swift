import Foundation

/// What this binary is and runs on.
struct BuildIdentity: Encodable, Sendable {
    static let version = "0.1.0"

    var version = Self.version
    /// Of the compiler that built it.
    var swift = compilerVersion
    var os = ProcessInfo.processInfo.operatingSystemVersionString
    var architecture = Self.machine

    private static var machine: String {
        #if arch(x86_64)
            "x86_64"
        #elseif arch(arm64)
            "aarch64"
        #else
            "other"
        #endif
    }
}

/// The compiler tells its version only by comparison.
private var compilerVersion: String {
    #if compiler(>=6.4)
        "6.4 or later"
    #elseif compiler(>=6.3)
        "6.3"
    #else
        "6.2"
    #endif
}
