import Foundation
import NIOHTTP1
import NIOPosix
import Testing

@testable import RelayAdmin

@Suite struct WorkerRouteTests {
    /// The worker waits for the probe, which the admin event loop could not answer if it were that worker.
    @Test func `a long search holds up no probe`() async throws {
        let workers = NIOThreadPool(numberOfThreads: 1)
        workers.start()
        let probed = DispatchSemaphore(value: 0)
        let routes: [String: AdminRoute] = [
            "/long": AdminRoute(on: workers) { _ in
                let isProbed = probed.wait(timeout: .now() + 20) == .success
                return isProbed ? .text(.ok, "searched") : .text(.serviceUnavailable, "not probed")
            },
            "/probe": AdminRoute { _ in .text(.ok, "ok") },
        ]
        try await withServer(routes) { port in
            let long = try RawConnection(port: port)
            try long.send("GET /long HTTP/1.1\r\n\r\n")
            #expect(try Curl.get("http://127.0.0.1:\(port)/probe").status == 200)
            probed.signal()
            #expect(try long.receive(until: "ed\n").hasPrefix("HTTP/1.1 200"))
            try long.send("GET /probe HTTP/1.1\r\nconnection: close\r\n\r\n")
            #expect(try long.receive().hasSuffix("ok\n"), "the connection goes on")
            long.close()
        }
        try await workers.shutdownGracefully()
    }

    @Test func `workers that are gone are told`() async throws {
        let workers = NIOThreadPool(numberOfThreads: 1)
        workers.start()
        try await workers.shutdownGracefully()
        try await withServer(["/long": AdminRoute(on: workers) { _ in .text(.ok, "found") }]) { port in
            let answer = try Curl.get("http://127.0.0.1:\(port)/long")
            #expect(answer.status == 503)
        }
    }

    @Test func `a path that ends in a slash is that of what lies below it`() async throws {
        let routes: [String: AdminRoute] = [
            "/v1/things/": AdminRoute { .text(.ok, $0.path) }, "/v1/things/one": AdminRoute { _ in .text(.ok, "1") },
        ]
        try await withServer(routes) { port in
            let url = "http://127.0.0.1:\(port)/v1/things"
            let below = try Curl.get(url + "/two")
            #expect(below.body == "/v1/things/two\n")
            #expect(try Curl.get(url + "/one").body == "1\n")
            #expect(try Curl.get(url + "/two/three").status == 404)
            #expect(try Curl.get(url).status == 404)
            #expect(try Curl.get(url + "?x=/").status == 404)
        }
    }
}
