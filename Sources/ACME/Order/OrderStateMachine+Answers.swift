extension OrderStateMachine {
    /// More than any authority makes of the names that one certificate may have.
    private static let maxAuthorizations = 100
    private static let maxTokenBytes = 256

    mutating func advance(_ response: ACMEResponse, at now: Int64) -> Action {
        switch step {
        case .account: return read(account: response)
        case .order:
            guard let location = response.location else { return fail(.malformed, "an order without an address") }
            orderURL = location
            return read(order: response, at: now)
        case .ready, .finalizing, .issuing: return read(order: response, at: now)
        case .authorization: return read(authorization: response, at: now)
        case .answering: return read(challenge: response, at: now)
        case .certificate:
            step = .over
            return .finished(chain: response.body)
        case .directory, .proving, .over: return fail(.internal, "an answer to no question")
        }
    }

    private mutating func read(order response: ACMEResponse, at now: Int64) -> Action {
        guard let order = JSONText.read(OrderDocument.self, response.body) else {
            return fail(.malformed, "\(orderURL) is no order")
        }
        finalizeURL = order.finalize
        switch order.status {
        case "pending" where step == .order: return begin(order.authorizations)
        case "ready" where step == .order || step == .ready: return finalize()
        case "pending", "ready", "processing":
            if step == .finalizing { step = .issuing }
            return poll(orderURL, after: response, at: now)
        case "valid":
            guard let certificate = order.certificate else {
                return fail(.malformed, "a valid order without certificate")
            }
            step = .certificate
            return send(certificate)
        default:
            let reason = order.error?.text ?? "no reason given"
            return fail(.validation, "the order is \(order.status): \(reason)")
        }
    }

    private mutating func begin(_ authorizations: [String]) -> Action {
        guard (1...Self.maxAuthorizations).contains(authorizations.count) else {
            return fail(.malformed, "an order with \(authorizations.count) authorizations")
        }
        self.authorizations = authorizations
        return readNextAuthorization()
    }

    private mutating func readNextAuthorization() -> Action {
        guard let next = authorizations.first else {
            step = .ready
            return send(orderURL)
        }
        step = .authorization
        return send(next)
    }

    private mutating func finalize() -> Action {
        step = .finalizing
        return send(finalizeURL, JSONText.write(FinalizePayload(csr: Base64URL.encode(request))))
    }

    private mutating func read(authorization response: ACMEResponse, at now: Int64) -> Action {
        guard let authorization = JSONText.read(AuthorizationDocument.self, response.body) else {
            return fail(.malformed, "\(authorizations.first ?? "") is no authorization")
        }
        let domain = authorization.identifier.value.lowercased()
        guard terms.domains.contains(domain) else {
            return fail(.malformed, "the authority wants a proof for a name that was not asked for")
        }
        switch authorization.status {
        case "valid":
            authorizations.removeFirst()
            challengeURL = ""
            return readNextAuthorization()
        case "pending" where challengeURL.isEmpty: return prove(domain, authorization)
        case "pending", "processing": return poll(authorizations[0], after: response, at: now)
        default: return fail(.validation, Self.reason(authorization, domain, challengeURL))
        }
    }

    private mutating func prove(_ domain: String, _ authorization: AuthorizationDocument) -> Action {
        let kind = terms.challenge.rawValue
        guard let challenge = authorization.challenges.first(where: { $0.type == kind }) else {
            let offered = authorization.challenges.map(\.type).joined(separator: ", ")
            return fail(.refused, "for \(domain) the authority offers \(offered), not \(kind)")
        }
        // It becomes part of an address and of a page.
        guard let token = challenge.token, !token.isEmpty, token.utf8.count <= Self.maxTokenBytes,
            Base64URL.isValid(token)
        else { return fail(.malformed, "a challenge without a token that could be one") }
        challengeURL = challenge.url
        step = .proving
        return .prove(proof(domain, token))
    }

    /// The challenge was taken; what becomes of it the authorization says.
    private mutating func read(challenge response: ACMEResponse, at now: Int64) -> Action {
        step = .authorization
        return poll(authorizations[0], after: response, at: now)
    }

    private static func reason(_ authorization: AuthorizationDocument, _ domain: String, _ url: String) -> String {
        let problem = authorization.challenges.first { $0.url == url }?.error
        let text = problem.map { ": \($0.text)" } ?? ""
        return "the authorization for \(domain) is \(authorization.status)\(text)"
    }
}
