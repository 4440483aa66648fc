import Foundation
import NIOHTTP1
import NIOPosix
import Testing

@testable import RelayAdmin

extension MessageDocument {
    static let sample = MessageDocument(
        id: "018f6d3a-7c1e-7000-8000-0123456789ab",
        at: "2026-11-23T09:30:00.000+00:00",
        recorder: Recorder(enabled: true, since: "2026-11-23T09:22:43.123+00:00", records: 262_144),
        queue: Queue(messages: 12, oldestAcceptedAt: "2026-11-22T18:03:11.004+00:00"),
        messages: [
            Message(
                sender: "sha256:2bd806c97f0e00af",
                recipient: "sha256:81b637d8fcd2c6da",
                mode: "at_least_once",
                bytes: 352,
                fate: "under_way",
                waitsFor: "acknowledgement",
                waitingSeconds: 16.879,
                attempts: 1,
                copies: 1,
                queued: false,
                traceID: "4bf92f3577b34da6a3ce929d0e0e4736",
                traced: true,
                seconds: 0.0006,
                steps: [
                    Step(stage: "received", at: "2026-11-23T09:29:43.120+00:00", seconds: 0),
                    Step(stage: "enqueued", at: "2026-11-23T09:29:43.120+00:00", seconds: 0.0001, attempt: 1),
                    Step(stage: "written", at: "2026-11-23T09:29:43.121+00:00", seconds: 0.0005, attempt: 1),
                ]
            )
        ]
    )
}

@Suite struct MessageDocumentTests {
    private func documented() throws -> Data {
        try RelayAdminTests.documented("`moltrelay explain --json`", in: .commands)[0]
    }

    @Test func `the document is the one in docs/cli-json.md`() throws {
        try expectDocumented(documented(), is: MessageDocument.sample)
    }

    @Test func `a reader ignores members it does not know and misses none it needs`() throws {
        let members = try JSONSerialization.jsonObject(with: documented()) as? NSDictionary
        let extended = try #require(members?.mutableCopy() as? NSMutableDictionary)
        extended["invented_later"] = 1
        let data = try JSONSerialization.data(withJSONObject: extended)
        #expect(try JSONDecoder().decode(MessageDocument.self, from: data) == .sample)
    }

    @Test func `the route asks for the id in its path, and says no to what is none`() async throws {
        let workers = NIOThreadPool(numberOfThreads: 1)
        workers.start()
        let route = AdminRoute.messages(on: workers) { $0 == MessageDocument.sample.id ? .sample : nil }
        try await withServer([AdminRoute.messagesPath: route]) { port in
            let url = "http://127.0.0.1:\(port)/v1/messages/"
            let found = try Curl.get(url + MessageDocument.sample.id)
            #expect(found.status == 200)
            #expect(try JSONDecoder().decode(MessageDocument.self, from: Data(found.body.utf8)) == .sample)
            let wrong = try Curl.get(url + "nonsense")
            #expect(wrong.status == 400)
            #expect(wrong.body == "A message id is a UUID, not: nonsense\n")
        }
        try await workers.shutdownGracefully()
    }
}
