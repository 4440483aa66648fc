public import LibCrypto

/// One order at an authority, from its directory to the certificate (RFC 8555 section 7), without I/O. Each input has
/// one action for its answer. Time is in seconds, of any clock.
public struct OrderStateMachine: Sendable {
    public enum Action: Equatable, Sendable {
        case send(ACMERequest)
        /// Put this up where the authority looks, then say `proofIsUp`.
        case prove(Proof)
        /// Then say `waited`.
        case wait(until: Int64)
        /// PEM: the certificate and those between it and an authority.
        case finished(chain: [UInt8])
        case failed(OrderFailure)
    }

    enum Step: Equatable {
        case directory
        case account
        case order
        case authorization
        case proving
        case answering
        case ready
        case finalizing
        case issuing
        case certificate
        case over
    }

    struct Post: Equatable {
        var url: String
        /// Empty for a POST-as-GET.
        var payload: [UInt8]
    }

    static let limitSeconds: Int64 = 300
    /// Of nonces that the authority does not take, in a row.
    static let maxNonceRetries = 20

    let terms: OrderTerms
    private let account: AccountKey
    let request: [UInt8]
    private let deadline: Int64
    var step = Step.directory
    private var directory = DirectoryDocument(newNonce: "", newAccount: "", newOrder: "")
    private var nonce: String?
    private var isFetchingNonce = false
    private var nonceRetries = 0
    private var polls = 0
    private var post = Post(url: "", payload: [])
    private var accountURL: String?
    var orderURL = ""
    var finalizeURL = ""
    /// Those not known to be valid yet; the first is under way.
    var authorizations: [String] = []
    var challengeURL = ""

    /// - Parameter key: the certificate's.
    public init(_ terms: OrderTerms, account: AccountKey, key: P256Key, at now: Int64) throws(OpenSSLError) {
        self.terms = terms
        self.account = account
        request = try CertificateRequest.der(for: terms.domains, key: key)
        deadline = now + Self.limitSeconds
    }

    public func begin() -> Action { .send(ACMERequest(method: .get, url: terms.directory)) }

    /// No answer, and why.
    public mutating func lostAnswer(_ reason: String) -> Action { fail(.unreachable, reason) }

    public mutating func waited(at now: Int64) -> Action { now >= deadline ? tooLate() : sendPost() }

    public mutating func proofIsUp() -> Action {
        guard step == .proving else { return fail(.internal, "a proof that nobody asked for") }
        step = .answering
        return send(challengeURL, Array("{}".utf8))
    }

    public mutating func received(_ response: ACMEResponse, at now: Int64) -> Action {
        // A response takes its own nonce alone; one is never used twice.
        if let fresh = response.nonce, Base64URL.isValid(fresh) { nonce = fresh }
        guard step != .over else { return fail(.internal, "an answer to no question") }
        guard now < deadline else { return tooLate() }
        guard (200..<300).contains(response.status) else { return refused(response) }
        if isFetchingNonce {
            guard nonce != nil else { return fail(.malformed, "the authority hands out no nonce") }
            isFetchingNonce = false
            return sendPost()
        }
        nonceRetries = 0
        return step == .directory ? read(directory: response) : advance(response, at: now)
    }

    private mutating func read(directory response: ACMEResponse) -> Action {
        guard let document = JSONText.read(DirectoryDocument.self, response.body) else {
            return fail(.malformed, "\(terms.directory) is no ACME directory")
        }
        directory = document
        step = .account
        let contact = terms.contact.map { ["mailto:\($0)"] }
        return send(directory.newAccount, JSONText.write(AccountPayload(contact: contact)))
    }

    /// The account exists from here on. An authority that knew the key already answers with its account.
    mutating func read(account response: ACMEResponse) -> Action {
        guard let location = response.location else { return fail(.malformed, "an account without an address") }
        accountURL = location
        step = .order
        let identifiers = terms.domains.map { Identifier(value: $0) }
        return send(directory.newOrder, JSONText.write(OrderPayload(identifiers: identifiers)))
    }

    func proof(_ domain: String, _ token: String) -> Proof {
        Proof(
            kind: terms.challenge,
            domain: domain,
            token: token,
            keyAuthorization: "\(token).\(account.thumbprint)"
        )
    }

    mutating func send(_ url: String, _ payload: [UInt8] = []) -> Action {
        post = Post(url: url, payload: payload)
        polls = 0
        return sendPost()
    }

    /// Again, with what the last answer said about how soon.
    mutating func poll(_ url: String, after response: ACMEResponse, at now: Int64) -> Action {
        if post != Post(url: url, payload: []) {
            post = Post(url: url, payload: [])
            polls = 0
        }
        polls += 1
        let pause = response.retryAfter ?? min(1 << Int64(min(polls - 1, 4)), 10)
        // What asks for patience past the deadline is given up at the deadline. Nobody answers behind it.
        return .wait(until: now + min(max(1, pause), deadline - now))
    }

    private mutating func sendPost() -> Action {
        guard let nonce else {
            isFetchingNonce = true
            return .send(ACMERequest(method: .head, url: directory.newNonce))
        }
        self.nonce = nil
        do throws(OpenSSLError) {
            let naming = accountURL.map { AccountKey.Naming.account($0) } ?? .key
            let body = try account.sign(post.payload, url: post.url, nonce: nonce, as: naming)
            return .send(ACMERequest(method: .post(body), url: post.url))
        } catch {
            return fail(.internal, error.description)
        }
    }

    private mutating func refused(_ response: ACMEResponse) -> Action {
        let problem = JSONText.read(ProblemDocument.self, response.body) ?? ProblemDocument()
        if problem.name == "badNonce", nonceRetries < Self.maxNonceRetries, !isFetchingNonce {
            nonceRetries += 1
            return sendPost()
        }
        let (status, retryAfter) = (response.status, response.retryAfter)
        let cause: OrderFailure.Cause =
            switch (problem.name, status) {
            case ("rateLimited", _), (_, 429): .rateLimited
            case (_, 500...): .unreachable
            case _ where step == .directory: .malformed
            default: .refused
            }
        return fail(
            cause,
            "\(post.url.isEmpty ? terms.directory : post.url) answered \(status): \(problem.text)",
            retryAfter
        )
    }

    private mutating func tooLate() -> Action {
        fail(.timeout, "the authority did not come to an end within \(Self.limitSeconds) s, last at \(post.url)")
    }

    mutating func fail(_ cause: OrderFailure.Cause, _ reason: String, _ retryAfter: Int64? = nil) -> Action {
        step = .over
        return .failed(OrderFailure(cause, reason, retryAfter: retryAfter))
    }
}
