import Identity
import LibCrypto
import NIOHTTP1
import WireProtocol

/// The HTTP request that makes a WebSocket of a connection, and what its answer must be (RFC 6455 section 4.1).
struct UpgradeRequest: Equatable, Sendable {
    static let subprotocol = "moltrelay.v1"

    let address: RelayAddress
    /// 16 random bytes in base64.
    let key: String

    init(address: RelayAddress) throws(OpenSSLError) {
        self.init(address: address, nonce: try SecureRandom.bytes(16))
    }

    /// - Parameter nonce: 16 bytes.
    init(address: RelayAddress, nonce: [UInt8]) {
        self.address = address
        key = Base64.encode(nonce)
    }

    var head: HTTPRequestHead {
        HTTPRequestHead(
            version: .http1_1,
            method: .GET,
            uri: address.path,
            headers: [
                "Host": address.authority,
                "Upgrade": "websocket",
                "Connection": "Upgrade",
                "Sec-WebSocket-Key": key,
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Protocol": Self.subprotocol,
            ]
        )
    }

    /// nil where this is the answer that was asked for.
    func failure(of response: HTTPResponseHead) -> ConnectionFailure? {
        guard response.status == .switchingProtocols else {
            return .upgradeRefused(status: response.status.code, body: response.status.reasonPhrase)
        }
        guard isOnly(response.headers["Upgrade"], "websocket") else { return .notARelay("no Upgrade to websocket") }
        guard response.headers[canonicalForm: "Connection"].contains(where: { $0.lowercased() == "upgrade" }) else {
            return .notARelay("Connection does not name Upgrade")
        }
        guard response.headers["Sec-WebSocket-Accept"] == [SHA1.webSocketAccept(for: key)] else {
            return .notARelay("Sec-WebSocket-Accept does not answer our key")
        }
        guard response.headers["Sec-WebSocket-Extensions"].isEmpty else {
            return .notARelay("a WebSocket extension that was not asked for")
        }
        // The subprotocol is optional (protocol section 1), another one is not.
        let subprotocols = response.headers["Sec-WebSocket-Protocol"]
        guard subprotocols.isEmpty || subprotocols == [Self.subprotocol] else {
            return .notARelay("another subprotocol than \(Self.subprotocol)")
        }
        return nil
    }

    private func isOnly(_ values: [String], _ wanted: String) -> Bool {
        values.count == 1 && values[0].lowercased() == wanted
    }
}
