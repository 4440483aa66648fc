import Foundation
import NIOCore
import NIOHTTP1
import Telemetry
import Testing

@testable import RelayAdmin

@Suite struct HealthRoutesTests {
    private static let latches = [(name: "listeners", reason: "not open yet")]
    private let registry = HealthRegistry(latches: latches, at: 0) { _ in }
    private let loops: HealthCheckID
    private let store: HealthCheckID

    init() {
        loops = registry.register(HealthCheck(name: "loops", tiers: [.liveness], failAfter: 1, maxAge: 100), at: 0)
        store = registry.register(HealthCheck(name: "store", tiers: [.readiness], failAfter: 1, maxAge: 100), at: 0)
        registry.report(loops, HealthReport(.pass), at: 0)
        registry.report(store, HealthReport(.pass, latency: 2_000_000), at: 0)
    }

    private func withRoutes(at time: UInt64 = 1, _ body: (String) async throws -> Void) async throws {
        let service = HealthService(release: "1.2.3", id: "relay-1")
        let routes = HealthRoutes(registry: registry, access: DetailedAccess(token: nil), service: service) { time }
        try await withServer(routes.routes()) { try await body("http://127.0.0.1:\($0)") }
    }

    @Test(arguments: ["/health", "/livez"])
    func `liveness says no when a loop does not turn, and cares for nothing else`(path: String) async throws {
        registry.report(store, HealthReport(.fail, reason: "disk full"), at: 1)
        try await withRoutes { (url: String) throws in
            let live = try Curl.get(url + path)
            #expect(live.status == 200)
            #expect(live.body == "ok\n")
            #expect(live.head.contains("cache-control: no-store"))
            registry.report(loops, HealthReport(.fail, reason: "loop 1 late"), at: 1)
            let dead = try Curl.get(url + path)
            #expect(dead.status == 503)
            #expect(dead.body.hasPrefix("[-]loops failed: loop 1 late\n"))
        }
    }

    @Test(arguments: ["/health/ready", "/readyz"])
    func `readiness says no while a latch holds, a check fails, or the relay drains`(path: String) async throws {
        try await withRoutes { (url: String) throws in
            #expect(try Curl.get(url + path).status == 503)
            registry.release("listeners", at: 1)
            #expect(try Curl.get(url + path).status == 200)
            registry.report(store, HealthReport(.fail, reason: "disk full"), at: 1)
            #expect(try Curl.get(url + path).status == 503)
            registry.report(store, HealthReport(.pass), at: 1)
            #expect(try Curl.get(url + path).status == 200)
            registry.hold("draining", reason: "SIGTERM", at: 1)
            #expect(try Curl.get(url + path).status == 503)
        }
    }

    @Test(arguments: ["/health/startup", "/startupz"])
    func `startup says no until everything was up once`(path: String) async throws {
        try await withRoutes { (url: String) throws in
            #expect(try Curl.get(url + path).status == 503)
            registry.release("listeners", at: 1)
            #expect(try Curl.get(url + path).status == 200)
            registry.hold("draining", reason: "SIGTERM", at: 1)
            #expect(try Curl.get(url + path).status == 200)
        }
    }

    @Test func `a check whose owner says nothing fails the probes`() async throws {
        registry.release("listeners", at: 1)
        try await withRoutes(at: 100) { (url: String) throws in
            #expect(try Curl.get(url + "/health").status == 503)
            #expect(try Curl.get(url + "/health/ready").status == 503)
        }
    }

    @Test func `verbose answers and exclusions are those of the Kubernetes API server`() async throws {
        try await withRoutes { (url: String) throws in
            let failed = try Curl.get(url + "/readyz?verbose")
            #expect(failed.status == 503)
            #expect(failed.body == "[-]listeners failed: not open yet\n[+]store ok\nreadyz check failed\n")
            let excluded = try Curl.get(url + "/readyz?verbose&exclude=listeners&exclude=disc")
            #expect(excluded.status == 200)
            #expect(
                excluded.body == "no check to exclude named: disc\n[+]listeners excluded: ok\n[+]store ok\n"
                    + "readyz check passed\n"
            )
            registry.report(store, HealthReport(.warn, reason: "slow"), at: 1)
            #expect(try Curl.get(url + "/readyz?verbose").body.contains("[+]store warns: slow\n"))
            #expect(try Curl.get(url + "/readyz?exclude=listeners").body == "ok\n")
            registry.report(store, HealthReport(.fail, reason: "disk full"), at: 1)
            #expect(try Curl.get(url + "/readyz?exclude=listeners").status == 503)
            #expect(try Curl.get(url + "/readyz?exclude=listeners&exclude=store").body == "ok\n")
        }
    }

    @Test func `health+json is for those who ask for it by name`() async throws {
        try await withRoutes { (url: String) throws in
            let answer = try Curl.get(url + "/readyz", "-H", "accept: application/health+json;q=0.9, */*")
            #expect(answer.status == 503)
            #expect(answer.head.contains("content-type: application/health+json"))
            let document = try json(answer.body)
            #expect(document["status"] as? String == "fail")
            #expect(document["output"] as? String == "listeners: not open yet")
            #expect(document["releaseId"] as? String == "1.2.3")
            #expect(document["serviceId"] as? String == "relay-1")
            let listeners = try check("listeners", in: document)
            #expect(listeners == ["output": "not open yet", "status": "fail"])
            let store = try check("store", in: document)
            #expect(store["status"] as? String == "pass")
            #expect(store["output"] == nil)
            #expect((store["time"] as? String)?.contains("T") == true)
            #expect(try Curl.get(url + "/health", "-H", "accept: application/health+json;q=0").body == "ok\n")
            #expect(try Curl.get(url + "/health", "-H", "accept: */*").body == "ok\n")
        }
    }

    @Test func `health+json tells what was observed, what warns and what was excluded in vain`() async throws {
        registry.release("listeners", at: 1)
        let observed = HealthReport.Observed(0.5, unit: "s")
        registry.report(store, HealthReport(.warn, reason: "slow", observed: observed), at: 1)
        _ = registry.register(HealthCheck(name: "disk", tiers: [], maxAge: 100), at: 1)
        try await withRoutes { (url: String) throws in
            let accept = ["-H", "accept: application/health+json"]
            let answer = try Curl.get(url + "/readyz?exclude=disc", accept[0], accept[1])
            #expect(answer.status == 200)
            let document = try json(answer.body)
            #expect(document["status"] as? String == "warn")
            #expect(document["notes"] as? [String] == ["no check to exclude named: disc"])
            let store = try check("store", in: document)
            #expect(store["status"] as? String == "warn")
            #expect(store["output"] as? String == "slow")
            #expect(store["observedValue"] as? Double == 0.5)
            #expect(store["observedUnit"] as? String == "s")

            let detailed = try Curl.get(url + "/health/detailed", accept[0], accept[1])
            #expect(detailed.head.contains("content-type: application/health+json"))
            let everything = try json(detailed.body)["checks"] as? NSDictionary
            #expect(Set(everything?.allKeys as? [String] ?? []) == ["listeners", "loops", "store", "disk"])
        }
    }

    private func json(_ body: String) throws -> NSDictionary {
        try #require(try JSONSerialization.jsonObject(with: Data(body.utf8)) as? NSDictionary)
    }

    private func check(_ name: String, in document: NSDictionary) throws -> NSDictionary {
        try #require(((document["checks"] as? NSDictionary)?[name] as? [NSDictionary])?.first)
    }

    @Test func `details show each check with its age, last error and latency`() async throws {
        registry.release("listeners", at: 1)
        registry.report(store, HealthReport(.warn, reason: "slow", latency: 1_500_000), at: 1)
        let observed = HealthReport.Observed(7, unit: "bytes")
        registry.report(store, HealthReport(.warn, reason: "slower", latency: 2_500_000, observed: observed), at: 2)
        try await withRoutes(at: 3) { (url: String) throws in
            let answer = try Curl.get(url + "/health/detailed")
            #expect(answer.status == 200)
            let document = try #require(
                try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? NSDictionary
            )
            #expect(document["status"] as? String == "warn")
            #expect(document["tiers"] as? NSDictionary == ["liveness": true, "readiness": true, "startup": true])
            let latch = try #require((document["latches"] as? [NSDictionary])?.first)
            #expect(latch["held"] as? Bool == false)
            let check = try #require((document["checks"] as? [NSDictionary])?.last)
            #expect(check["name"] as? String == "store")
            #expect(check["status"] as? String == "warn")
            #expect(check["last_error"] as? String == "slower")
            #expect(check["latency_seconds"] as? Double == 0.0025)
            #expect(check["observed_value"] as? Double == 7)
            #expect(check["observed_unit"] as? String == "bytes")
            #expect(check["turns"] as? Int == 2)
            registry.hold("draining", reason: "SIGTERM", at: 3)
            #expect(try Curl.get(url + "/health/detailed").status == 503)
        }
    }

    @Test func `a proxy on this machine does not make its clients local`() async throws {
        try await withRoutes { (url: String) throws in
            let answer = try Curl.get(url + "/health/detailed", "-H", "x-forwarded-for: 203.0.113.9")
            #expect(answer.status == 403)
            #expect(answer.body == "Only from this machine, as localhost.\n")
        }
    }

    @Test func `the paths of the configuration are used`() async throws {
        let routes = HealthRoutes(registry: registry, access: DetailedAccess(token: nil)) { 1 }
            .routes(endpoint: "/up", detailedEndpoint: "/why")
        #expect(
            routes.keys.sorted() == ["/livez", "/readyz", "/startupz", "/up", "/up/ready", "/up/startup", "/why"]
        )
    }
}

@Suite struct DetailedAccessTests {
    private func allows(_ host: String, token: String? = "s3cret", _ headers: HTTPHeaders = [:]) throws -> Bool {
        try DetailedAccess(token: token.flatMap(BearerToken.init)).allows(
            peer: SocketAddress(ipAddress: host, port: 1),
            headers: headers
        )
    }

    @Test(arguments: ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
    func `this machine may see details`(host: String) throws {
        #expect(try allows(host, token: nil))
    }

    @Test(arguments: ["192.0.2.1", "10.0.0.1", "::", "fe80::1", "::ffff:192.0.2.1", "128.0.0.1"])
    func `others need the token`(host: String) throws {
        #expect(try !allows(host))
        #expect(try allows(host, ["authorization": "Bearer s3cret"]))
        #expect(try allows(host, ["Authorization": "bearer s3cret"]))
        for wrong in [
            "Bearer s3creT", "Bearer s3cre", "Bearer s3cret1", "Bearer ", "Bearer", "Basic s3cret", "s3cret", "",
        ] {
            #expect(try !allows(host, ["authorization": wrong]))
        }
    }

    @Test(
        arguments: [
            "localhost", "localhost:8080", "LOCALHOST", "relay.localhost:80", "127.0.0.1:9090", "[::1]:8080",
            "[::ffff:127.0.0.1]:8080",
        ]
    )
    func `a browser here may ask for this machine`(host: String) throws {
        #expect(try allows("127.0.0.1", token: nil, ["host": host]))
    }

    /// DNS rebinding: the page of a stranger asks for its own name, which resolves to here.
    @Test(
        arguments: [
            "evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", "127.evil.example",
            "notlocalhost", "192.0.2.1", "[2001:db8::1]", "", "127.0.0.1@evil.example",
        ]
    )
    func `and not for another's name that leads here`(host: String) throws {
        #expect(try !allows("127.0.0.1", token: nil, ["host": host]))
        #expect(try !allows("127.0.0.1", token: nil, HTTPHeaders([("host", "localhost"), ("host", host)])))
        #expect(try allows("127.0.0.1", ["host": host, "authorization": "Bearer s3cret"]))
    }

    @Test func `no token and an empty one let nobody in`() throws {
        #expect(try !allows("192.0.2.1", token: nil, ["authorization": "Bearer "]))
        #expect(try !allows("192.0.2.1", token: "", ["authorization": "Bearer "]))
        #expect(!DetailedAccess(token: nil).allows(peer: nil, headers: [:]))
    }
}
