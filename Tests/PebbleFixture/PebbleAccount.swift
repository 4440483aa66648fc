import ACME
import CertificateFixture
import Foundation
import HTTPClient
import LibCrypto
import NIOCore
import NIOHTTP1
import NIOPosix
import RelayTLS

/// What a holder of an account may ask of an authority besides certificates (RFC 8555 section 7).
public struct PebbleAccount {
    /// Pebble refuses good nonces by chance.
    private static let maxTries = 30

    struct Refused: Error {
        let answer: String
    }

    private let client: HTTPClient
    private let origin: String
    private let key: AccountKey
    private let directory: [String: String]
    private var url = ""
    private var orders = ""

    /// - Parameter keyFile: as the relay keeps it.
    public init(at place: Pebble.Place, keyFile: String) async throws {
        key = try AccountKey(P256Key(pem: Array(Data(contentsOf: URL(filePath: keyFile)))))
        origin = "https://localhost:\(place.acme)"
        client = HTTPClient(
            HTTPOrigin(host: "localhost", port: place.acme),
            on: MultiThreadedEventLoopGroup.singleton.next(),
            tls: try TLSClient(authorities: place.authority.file)
        )
        let answer = try await client.send(.GET, "/dir")
        directory = Self.members(answer).compactMapValues { $0 as? String }
        let account = try await post(directory["newAccount"] ?? "", #"{"onlyReturnExisting":true}"#, as: .key)
        url = account.headers.first(name: "Location") ?? ""
        orders = Self.members(account)["orders"] as? String ?? ""
    }

    /// - Returns: how many held until now.
    public func deactivateAuthorizations() async throws -> Int {
        var count = 0
        let list = Self.members(try await ask(orders))["orders"] as? [String] ?? []
        for order in list {
            for authorization in Self.members(try await ask(order))["authorizations"] as? [String] ?? [] {
                guard Self.members(try await ask(authorization))["status"] as? String == "valid" else { continue }
                let answer = try await post(authorization, #"{"status":"deactivated"}"#, as: .account(url))
                if Self.members(answer)["status"] as? String == "deactivated" { count += 1 }
            }
        }
        return count
    }

    public func deactivate() async throws {
        _ = try await post(url, #"{"status":"deactivated"}"#, as: .account(url))
    }

    public func close() async { await client.close() }

    private func ask(_ url: String) async throws -> HTTPResponse {
        try await post(url, "", as: .account(self.url))
    }

    private func post(_ url: String, _ payload: String, as naming: AccountKey.Naming) async throws -> HTTPResponse {
        var last = ""
        for _ in 0..<Self.maxTries {
            let nonce = try await client.send(.HEAD, path(directory["newNonce"])).headers.first(name: "Replay-Nonce")
            let body = try key.sign(Array(payload.utf8), url: url, nonce: nonce ?? "", as: naming)
            let headers = [("Content-Type", "application/jose+json"), ("User-Agent", "moltrelay-tests")]
            let answer = try await client.post(path(url), headers: headers, body: body)
            if (200..<300).contains(answer.status) { return answer }
            last = String(decoding: answer.body, as: UTF8.self)
            guard last.contains("badNonce") else { break }
        }
        throw Refused(answer: "\(url): \(last)")
    }

    private func path(_ url: String?) -> String { String((url ?? "").dropFirst(origin.count)) }

    private static func members(_ answer: HTTPResponse) -> [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(answer.body))) as? [String: Any] ?? [:]
    }
}
