import Foundation
import NIOCore
import Synchronization
import Testing

@testable import RelayAdmin

private struct Order: Codable {
    var word: String
}

private struct Answer: Codable, Equatable {
    var heard: String
}

/// Counts the orders that are carried out; refuses the word "no".
private final class Ears: Sendable {
    private let words = Mutex<[String]>([])

    var heard: [String] { words.withLock { $0 } }

    var route: AdminRoute {
        .verb { (order: Order) throws(AdminRefusal) -> Answer in
            guard order.word != "no" else { throw AdminRefusal("word is anything but no") }
            self.words.withLock { $0.append(order.word) }
            return Answer(heard: order.word)
        }
    }
}

@Suite struct AdminVerbTests {
    private let path = "/tmp/av-\(UUID().uuidString.prefix(8))"
    private let ears = Ears()

    private func withSocket(_ routes: [String: AdminRoute], _ body: (AdminClient) throws -> Void) async throws {
        let server = AdminServer()
        try await server.listen(unixSocket: path, router: AdminRouter(routes))
        let result = Result { try body(AdminClient(.socket(path))) }
        try await server.close()
        try result.get()
    }

    @Test func `an order is carried out and answered`() async throws {
        try await withSocket(["/v1/say": ears.route]) { (client: AdminClient) throws in
            let answer = try client.post("/v1/say", Order(word: "yes"))
            #expect(answer == #"{"heard":"yes"}"#)
            #expect(try client.read(answer, as: Answer.self) == Answer(heard: "yes"))
        }
        #expect(ears.heard == ["yes"])
    }

    @Test func `one path reads by GET and orders by POST`() async throws {
        let route = AdminRoute.document { Answer(heard: "so far") }.and(ears.route)
        try await withSocket(["/v1/say": route]) { (client: AdminClient) throws in
            #expect(try client.get("/v1/say") == #"{"heard":"so far"}"#)
            #expect(try client.post("/v1/say", Order(word: "yes")) == #"{"heard":"yes"}"#)
            let wrong = try Curl.get("http://relay/v1/say", "--unix-socket", path, "-X", "DELETE")
            #expect(wrong.status == 405)
            #expect(wrong.head.contains("allow: get, head, post"))
        }
    }

    @Test func `a refusal says why, and what is no order is not understood`() async throws {
        try await withSocket(["/v1/say": ears.route]) { (client: AdminClient) throws in
            let refused = AdminClientError.Reason.refused(status: 400, "word is anything but no")
            let error = AdminClientError(.socket(path), reason: refused)
            #expect(throws: error) { try client.post("/v1/say", Order(word: "no")) }
            #expect(error.description == "the relay behind \(path) refuses: word is anything but no")
            let answer = try Curl.get("http://relay/v1/say", "--unix-socket", path, "-d", "{")
            #expect(answer.status == 400)
            #expect(answer.body.hasPrefix("The order is not understood: "))
        }
        #expect(ears.heard == [])
    }

    @Test func `a relay that does not know the verb is an older one`() async throws {
        try await withSocket(["/v1/say": .document { Answer(heard: "") }]) { (client: AdminClient) throws in
            for unknown in ["/v1/say", "/v1/sing"] {
                let error = AdminClientError(.socket(path), reason: .unknownRequest("POST \(unknown)"))
                #expect(throws: error) { try client.post(unknown, Order(word: "yes")) }
                #expect(error.description.hasSuffix("older than this command and has to be restarted"))
            }
        }
    }

    @Test func `a port takes no orders`() async throws {
        let routes = ["/v1/say": ears.route, "/v1/both": AdminRoute.document { Answer(heard: "") }.and(ears.route)]
        try await withServer(routes) { (port: Int) throws in
            let order = #"{"word":"yes"}"#
            #expect(try Curl.get("http://127.0.0.1:\(port)/v1/say", "-d", order).status == 404)
            #expect(try Curl.get("http://127.0.0.1:\(port)/v1/both", "-d", order).status == 405)
            #expect(try Curl.get("http://127.0.0.1:\(port)/v1/both").status == 200)
        }
        #expect(ears.heard == [])
    }
}
