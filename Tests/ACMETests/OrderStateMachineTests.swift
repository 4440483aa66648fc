import Testing

@testable import ACME

@Suite struct OrderStateMachineTests {
    private typealias CA = ScriptedAuthority

    @Test func goesFromTheDirectoryToTheCertificate() throws {
        var ca = try CA()
        #expect(ca.order.begin().sent?.what == "GET https://ca.test/dir")
        #expect(ca.answer(CA.directory, withNonce: false).sent?.what == "HEAD https://ca.test/nonce")
        let account = try #require(ca.answer("").sent)
        #expect(account.what == "POST https://ca.test/acct")
        #expect(account.payload == #"{"contact":["mailto:admin@a.test"],"termsOfServiceAgreed":true}"#)
        #expect(account.header["jwk"] != nil && account.header["kid"] == nil)
        #expect(account.header["nonce"] as? String == "nonce2" && account.header["alg"] as? String == "ES256")
        let order = try #require(ca.answer(status: 201, location: "https://ca.test/acct/1").sent)
        #expect(order.what == "POST https://ca.test/new")
        #expect(order.payload == #"{"identifiers":[{"type":"dns","value":"a.test"}]}"#)
        #expect(order.header["kid"] as? String == "https://ca.test/acct/1" && order.header["jwk"] == nil)
        #expect(order.header["url"] as? String == "https://ca.test/new")
        let read = ca.answer(CA.order("pending"), status: 201, location: "https://ca.test/order/1").sent
        #expect(read?.what == "POST https://ca.test/authz/1" && read?.payload == "")
        #expect(
            ca.answer(CA.authorization("pending"))
                == .prove(
                    Proof(
                        kind: .http01,
                        domain: "a.test",
                        token: "tok",
                        keyAuthorization: "tok.\(ca.account.thumbprint)"
                    )
                )
        )
        let challenge = ca.order.proofIsUp().sent
        #expect(challenge?.what == "POST https://ca.test/chall" && challenge?.payload == "{}")
        #expect(ca.answer() == .wait(until: 1))
        #expect(ca.order.waited(at: 1).sent?.what == "POST https://ca.test/authz/1")
        #expect(ca.answer(CA.authorization("valid"), at: 1).sent?.what == "POST https://ca.test/order/1")
        let finalize = ca.answer(CA.order("ready"), at: 1).sent
        #expect(finalize?.what == "POST https://ca.test/final" && finalize?.payload.hasPrefix(#"{"csr":""#) == true)
        #expect(ca.answer(CA.order("processing"), retryAfter: 7, at: 1) == .wait(until: 8))
        #expect(ca.order.waited(at: 8).sent?.what == "POST https://ca.test/order/1")
        let certificate = ca.answer(CA.order("valid", more: #", "certificate": "https://ca.test/cert""#), at: 8).sent
        #expect(certificate?.what == "POST https://ca.test/cert" && certificate?.payload == "")
        #expect(ca.answer("PEM", at: 8) == .finished(chain: Array("PEM".utf8)))
    }

    @Test func sparesWhatTheAuthorityStillHoldsGood() throws {
        var ca = try CA()
        _ = ca.toOrder()
        let ready = ca.answer(CA.order("ready"), status: 201, location: "https://ca.test/order/1").sent
        #expect(ready?.what == "POST https://ca.test/final")
        var second = try CA()
        _ = second.toAuthorization()
        #expect(second.answer(CA.authorization("valid")).sent?.what == "POST https://ca.test/order/1")
    }

    @Test func provesEveryName() throws {
        var terms = CA.terms
        terms.domains = ["a.test", "b.test"]
        var ca = try CA(terms)
        _ = ca.toOrder()
        let both = ["https://ca.test/authz/1", "https://ca.test/authz/2"]
        _ = ca.answer(CA.order("pending", authorizations: both), status: 201, location: "https://ca.test/order/1")
        _ = ca.answer(CA.authorization("pending"))
        _ = ca.order.proofIsUp()
        _ = ca.answer()
        _ = ca.order.waited(at: 1)
        #expect(ca.answer(CA.authorization("valid")).sent?.what == "POST https://ca.test/authz/2")
        let second = ca.answer(CA.authorization("pending", domain: "B.test", token: "two"))
        guard case .prove(let proof) = second else { throw OrderFailure(.internal, "\(second)") }
        #expect(proof.domain == "b.test" && proof.token == "two")
    }

    @Test func asksAgainWithTheNonceOfTheRefusal() throws {
        var ca = try CA()
        _ = ca.toOrder()
        let again = ca.problem("badNonce").sent
        #expect(again?.what == "POST https://ca.test/new" && again?.header["nonce"] as? String == "nonce4")
        for _ in 1..<OrderStateMachine.maxNonceRetries { #expect(ca.problem("badNonce").sent != nil) }
        #expect(ca.problem("badNonce").failure?.cause == .refused)
    }

    @Test func fetchesANonceWhereAnAnswerHasNone() throws {
        var ca = try CA()
        _ = ca.toOrder()
        let order = CA.order("pending")
        let next = ca.answer(order, status: 201, location: "https://ca.test/order/1", withNonce: false)
        #expect(next.sent?.what == "HEAD https://ca.test/nonce")
        #expect(ca.answer("").sent?.what == "POST https://ca.test/authz/1")
        var mute = try CA()
        _ = mute.order.begin()
        _ = mute.answer(CA.directory, withNonce: false)
        #expect(mute.answer("", withNonce: false).failure?.cause == .malformed)
    }

    @Test(arguments: ["invalid", "revoked", "deactivated", "expired"])
    func anAuthorizationThatIsGoneEndsTheOrder(_ status: String) throws {
        var ca = try CA()
        _ = ca.toChallenge()
        _ = ca.answer()
        _ = ca.order.waited(at: 1)
        let error = #", "error": {"type": "urn:ietf:params:acme:error:connection", "detail": "no route"}"#
        let failure = ca.answer(CA.authorization(status, error: error)).failure
        #expect(failure?.cause == .validation)
        #expect(failure?.description == "the authorization for a.test is \(status): connection: no route")
    }

    @Test func anAuthorityThatWantsToBeLeftAloneSaysForHowLong() throws {
        var ca = try CA()
        _ = ca.toOrder()
        let failure = ca.problem("rateLimited", status: 429, retryAfter: 3_600).failure
        #expect(failure?.cause == .rateLimited && failure?.retryAfter == 3_600)
        #expect(failure?.description == "https://ca.test/new answered 429: rateLimited: so it is")
        var broken = try CA()
        _ = broken.toOrder()
        #expect(broken.problem("serverInternal", status: 503).failure?.cause == .unreachable)
    }

    @Test func waitsLongerEachTimeAndNotForEver() throws {
        var ca = try CA()
        _ = ca.toChallenge()
        #expect(ca.answer() == .wait(until: 1))
        var (pauses, now): ([Int64], Int64) = ([], 1)
        for _ in 0..<6 {
            _ = ca.order.waited(at: now)
            guard case .wait(let until) = ca.answer(CA.authorization("pending"), at: now) else { break }
            pauses.append(until - now)
            now = until
        }
        #expect(pauses == [2, 4, 8, 10, 10, 10])
        let limit = OrderStateMachine.limitSeconds
        _ = ca.order.waited(at: now)
        #expect(ca.answer(CA.authorization("pending"), retryAfter: 100_000, at: now) == .wait(until: limit))
        #expect(ca.order.waited(at: now).sent != nil)
        #expect(ca.answer(CA.authorization("pending"), retryAfter: .max, at: now) == .wait(until: limit))
        #expect(ca.order.waited(at: limit).failure?.cause == .timeout)
    }

    @Test(arguments: ["../admin", "a b", "<script>", "", String(repeating: "a", count: 257)])
    func takesNoTokenThatCouldBeSomethingElse(_ token: String) throws {
        var ca = try CA()
        _ = ca.toAuthorization()
        #expect(ca.answer(CA.authorization("pending", token: token)).failure?.cause == .malformed)
    }

    @Test func provesNoNameThatItDidNotAskFor() throws {
        var ca = try CA()
        _ = ca.toAuthorization()
        #expect(ca.answer(CA.authorization("pending", domain: "other.test")).failure?.cause == .malformed)
    }

    @Test func saysWhatTheAuthorityOffersInstead() throws {
        var terms = CA.terms
        terms.challenge = .tlsALPN01
        var ca = try CA(terms)
        _ = ca.toAuthorization()
        let failure = ca.answer(CA.authorization("pending")).failure
        #expect(failure?.description == "for a.test the authority offers dns-01, http-01, not tls-alpn-01")
    }

    @Test func whatIsNoAuthorityIsSaidToBeNone() throws {
        var ca = try CA()
        _ = ca.order.begin()
        #expect(ca.answer("<html>").failure?.description == "https://ca.test/dir is no ACME directory")
        var absent = try CA()
        _ = absent.order.begin()
        #expect(absent.answer("", status: 404).failure?.cause == .malformed)
        var lost = try CA()
        _ = lost.order.begin()
        #expect(lost.order.lostAnswer("no connection") == .failed(OrderFailure(.unreachable, "no connection")))
    }
}
