import ArgumentParser
import Foundation
import Identity
import LibCrypto
import WireProtocol

/// The key an agent of the command line signs with, and where it is kept. A relay binds an id to the first key that
/// claims it, so an id that was chosen needs a key that stays; only an agent nobody named gets one for a single run.
struct AgentKey {
    let key: Ed25519.PrivateKey
    let agentID: String
    /// What is worth saying of it.
    let note: String?

    /// - Parameter createsFile: makes `file` where it is missing.
    init(agentID: String?, file: String?, createsFile: Bool) throws {
        switch (file, agentID) {
        case (let file?, _):
            (key, note) = try Self.read(file, creating: createsFile)
            self.agentID = agentID ?? Self.name(of: key.publicKey)
        case (nil, let agentID?):
            let folder = try Self.keptKeys()
            try FileManager.default.createDirectory(
                at: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
            // An id may hold anything, a file's name may not.
            let name = Hex.encode(AgentHash(agentID: agentID).bytes.prefix(16)) + ".key"
            (key, note) = try Self.read(folder.appending(path: name).path, creating: true)
            self.agentID = agentID
        case (nil, nil):
            key = try .generate()
            self.agentID = Self.name(of: key.publicKey)
            note = "this run is agent \(self.agentID), with a key that is not kept"
        }
    }

    private static func read(_ file: String, creating: Bool) throws -> (Ed25519.PrivateKey, String?) {
        guard creating, !FileManager.default.fileExists(atPath: file) else {
            return (try KeyFile.readPrivateKey(file), nil)
        }
        let made = try Ed25519.PrivateKey.generate()
        try KeyFile.write(made.pem(), to: file)
        return (made, "made the key \(file)")
    }

    private static func keptKeys() throws -> URL {
        let environment = ProcessInfo.processInfo.environment
        let state = environment["XDG_STATE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        guard let state = state ?? environment["HOME"].map({ $0 + "/.local/state" }) else {
            throw ValidationError("Without a home folder there is no place for this agent's key: give --key.")
        }
        return URL(filePath: state + "/moltrelay/agents")
    }

    /// A name that no other key would claim.
    private static func name(of key: Ed25519.PublicKey) -> String {
        "key-" + Hex.encode(SHA256.hash(key.bytes).prefix(8))
    }
}
