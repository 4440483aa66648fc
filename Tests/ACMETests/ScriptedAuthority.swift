import Foundation

@testable import ACME

/// An authority's side of an order, answer by answer.
struct ScriptedAuthority {
    static let terms = OrderTerms(
        directory: "https://ca.test/dir",
        contact: "admin@a.test",
        domains: ["a.test"],
        challenge: .http01
    )

    let account: AccountKey
    var order: OrderStateMachine
    private var nonces = 0

    init(_ terms: OrderTerms = Self.terms) throws {
        account = try AccountKey(P256Key.generate())
        order = try OrderStateMachine(terms, account: account, key: P256Key.generate(), at: 0)
    }

    mutating func answer(
        _ body: String = "{}",
        status: Int = 200,
        location: String? = nil,
        retryAfter: Int64? = nil,
        withNonce: Bool = true,
        at now: Int64 = 0
    ) -> OrderStateMachine.Action {
        nonces += 1
        let response = ACMEResponse(
            status: status,
            nonce: withNonce ? "nonce\(nonces)" : nil,
            location: location,
            retryAfter: retryAfter,
            body: Array(body.utf8)
        )
        return order.received(response, at: now)
    }

    mutating func problem(_ name: String, status: Int = 400, retryAfter: Int64? = nil) -> OrderStateMachine.Action {
        let body = #"{"type": "urn:ietf:params:acme:error:\#(name)", "detail": "so it is"}"#
        return answer(body, status: status, retryAfter: retryAfter)
    }

    static let directory =
        #"{"newNonce": "https://ca.test/nonce", "newAccount": "https://ca.test/acct", "newOrder": "https://ca.test/new"}"#

    static func order(_ status: String, authorizations: [String] = ["https://ca.test/authz/1"], more: String = "")
        -> String
    {
        #"{"status": "\#(status)", "authorizations": \#(authorizations), "finalize": "https://ca.test/final"\#(more)}"#
    }

    static func authorization(_ status: String, domain: String = "a.test", token: String = "tok", error: String = "")
        -> String
    {
        #"{"status": "\#(status)", "identifier": {"type": "dns", "value": "\#(domain)"}, "challenges": ["#
            + #"{"type": "dns-01", "url": "https://ca.test/dns", "token": "other"}, "#
            + #"{"type": "http-01", "url": "https://ca.test/chall", "token": "\#(token)"\#(error)}]}"#
    }

    /// As far as the order, which is not asked for yet.
    mutating func toOrder() -> OrderStateMachine.Action {
        _ = order.begin()
        _ = answer(Self.directory, withNonce: false)
        _ = answer("")
        return answer(status: 201, location: "https://ca.test/acct/1")
    }

    /// As far as the first authorization, which is asked for.
    mutating func toAuthorization() -> OrderStateMachine.Action {
        _ = toOrder()
        return answer(Self.order("pending"), status: 201, location: "https://ca.test/order/1")
    }

    /// As far as the challenge, which was answered.
    mutating func toChallenge() -> OrderStateMachine.Action {
        _ = toAuthorization()
        _ = answer(Self.authorization("pending"))
        return order.proofIsUp()
    }
}

extension OrderStateMachine.Action {
    /// What it asks for: method, address, and of a POST the header and the payload.
    var sent: (what: String, header: [String: Any], payload: String)? {
        guard case .send(let request) = self else { return nil }
        switch request.method {
        case .get: return ("GET \(request.url)", [:], "")
        case .head: return ("HEAD \(request.url)", [:], "")
        case .post(let body):
            let jws = (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: String] ?? [:]
            let header = (try? JSONSerialization.jsonObject(with: decoded(jws["protected"]))) as? [String: Any] ?? [:]
            return ("POST \(request.url)", header, String(decoding: decoded(jws["payload"]), as: UTF8.self))
        }
    }

    var failure: OrderFailure? {
        guard case .failed(let failure) = self else { return nil }
        return failure
    }
}

func decoded(_ base64URL: String?) -> Data {
    var text = (base64URL ?? "").replacing("-", with: "+").replacing("_", with: "/")
    while text.count % 4 != 0 { text += "=" }
    return Data(base64Encoded: text) ?? Data()
}
