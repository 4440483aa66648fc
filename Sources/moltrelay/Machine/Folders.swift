import Foundation

extension Configuration {
    /// Creates what the defaults point into: the state folder where something is kept in it, and the folder of the
    /// admin socket. For this user only. The folder of a database that was named stays the operator's to create: a
    /// volume that was not mounted must not become an empty database.
    func createFolders() throws {
        let paths = [storage.sqlite.path, admin.socket]
        if let stateFolder, paths.contains(where: { $0.hasPrefix(stateFolder + "/") }) {
            try createFolder(stateFolder)
        }
        try createFolder(URL(filePath: admin.socket).deletingLastPathComponent().path)
    }
}

private func createFolder(_ path: String) throws {
    do {
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
    } catch {
        throw StartError(text: "cannot create the folder \(path): \(error.localizedDescription)")
    }
}
