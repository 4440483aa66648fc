import Foundation
import ProgramFixture
import Testing

/// A real Prometheus that scrapes one target every second, until its last use.
final class PrometheusServer {
    private let program: RunningProgram
    private let url: String

    /// - Parameter features: as `--enable-feature` takes them.
    init(scraping target: String, features: String) throws {
        let configuration = """
            global: {scrape_interval: 1s}
            scrape_configs:
              - job_name: test
                static_configs: [{targets: ['\(target)']}]
            """
        let command = [
            "prometheus", "--config.file=FOLDER/prometheus.yml", "--storage.tsdb.path=FOLDER/data",
            "--web.listen-address=127.0.0.1:0", "--enable-feature=\(features)",
        ]
        program = try RunningProgram(command, files: ["prometheus.yml": configuration])
        // `... msg="Listening on" address=127.0.0.1:39259`: the port it got.
        let line = try program.waitForLine { $0.contains(#"msg="Listening on""#) }
        let address = try #require(line.split(separator: "address=").last)
        url = "http://\(address)/api/v1/"
    }

    /// The value of an instant query that has one series; nil while it has none, or while nobody answers.
    func value(_ query: String) throws -> Double? {
        guard let data = try get("query", ["query": query]) else { return nil }
        let answer = try JSONDecoder().decode(Answer<Vector>.self, from: data)
        return answer.data.result.first.flatMap { Double($0.value.text) }
    }

    /// The value, as soon as `isWanted` holds of it; half a minute of requests with curl, or more.
    @discardableResult
    func value(_ query: String, once isWanted: (Double) -> Bool) throws -> Double {
        for _ in 0..<3_000 {
            if let value = try value(query), isWanted(value) { return value }
        }
        throw NeverSo(query: query)
    }

    func exemplars(_ query: String) throws -> [Exemplars.Kept] {
        let now = Date.now.timeIntervalSince1970
        let data = try get("query_exemplars", ["query": query, "start": "\(now - 3_600)", "end": "\(now + 3_600)"])
        return try JSONDecoder().decode(Answer<[Exemplars]>.self, from: #require(data)).data.flatMap(\.exemplars)
    }

    private func get(_ path: String, _ parameters: [String: String]) throws -> Data? {
        let pairs = parameters.flatMap { ["--data-urlencode", "\($0)=\($1)"] }
        let curl = Process()
        curl.executableURL = URL(filePath: "/usr/bin/env")
        curl.arguments = ["curl", "-sS", "--max-time", "30", url + path] + pairs
        let output = Pipe()
        curl.standardOutput = output
        curl.standardError = FileHandle.nullDevice
        try curl.runInTurn()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        curl.waitUntilExit()
        return curl.terminationStatus == 0 && data.first == UInt8(ascii: "{") ? data : nil
    }

    struct NeverSo: Error { let query: String }

    private struct Answer<Content: Decodable>: Decodable { let data: Content }

    private struct Vector: Decodable {
        struct Sample: Decodable { let value: Value }
        let result: [Sample]
    }

    /// `[time, "text"]`.
    private struct Value: Decodable {
        let text: String

        init(from decoder: any Decoder) throws {
            var pair = try decoder.unkeyedContainer()
            _ = try pair.decode(Double.self)
            text = try pair.decode(String.self)
        }
    }

    struct Exemplars: Decodable {
        struct Kept: Decodable {
            let labels: [String: String]
            let value: String
        }

        let exemplars: [Kept]
    }
}
