import Foundation
import Testing

@Suite struct AskedRelayTests {
    @Test(arguments: [
        (["--token-file", "/t"], "--token-file, --ca-file and --plain-http need --admin."),
        (["--admin", "http://127.0.0.1:1", "--socket", "/s"], "--socket is on this machine, --admin elsewhere"),
        (["--admin", "http://relay.example:8080"], "http:// would send the token in the clear"),
        (["--admin", "relay.example"], "is no http:// or https:// address"),
        (["--admin", "https://relay.example/path"], "is no http:// or https:// address"),
        (["--admin", "https://relay.example:0"], "a port is 1 to 65535"),
    ])
    func `what makes no sense ends with 64 and says what does`(arguments: [String], complaint: String) throws {
        for command in [["status"], ["queue", "purge", "bob", "--yes"], ["drain"]] {
            let run = try Run.moltrelay(command + arguments)
            #expect(run.status == 64)
            #expect(run.errors.contains(complaint), "\(run.errors)")
        }
    }

    @Test func `a relay elsewhere takes a token and has to be there`() throws {
        let without = try moltrelay("status", "--admin", "http://127.0.0.1:1")
        #expect(without.status == 69)
        #expect(without.errors.contains("--admin needs a token: --token-file names a copy of the relay's"))
        try withTemporaryFolder { folder in
            let file = folder + "/token"
            try save(String(repeating: "a", count: 32), file)
            #expect(chmod(file, 0o644) == 0)
            let exposed = try moltrelay("status", "--admin", "http://127.0.0.1:1", "--token-file", file)
            #expect(exposed.status == 69 && exposed.errors.contains("chmod 600"), "\(exposed.errors)")
            #expect(chmod(file, 0o600) == 0)
            let environment = ["MOLTRELAY_ADMIN_TOKEN_FILE": file]
            let nobody = try moltrelay("status", "--admin", "http://127.0.0.1:1", environment: environment)
            #expect(nobody.status == 69)
            #expect(nobody.errors.contains("nobody listens on http://127.0.0.1:1: the relay is not running"))
            let nowhere = try moltrelay("status", "--admin", "https://nowhere.invalid", environment: environment)
            #expect(nowhere.errors.contains("cannot reach https://nowhere.invalid:443: "), "\(nowhere.errors)")
            let authorities = try moltrelay(
                "status",
                "--admin",
                "https://127.0.0.1:1",
                "--ca-file",
                "/none.pem",
                environment: environment
            )
            #expect(authorities.errors.contains("the certificates of /none.pem cannot be used"))
        }
    }
}
