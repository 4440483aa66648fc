import Glibc
import Testing

/// Tests/Peers/trace_collector.py: takes spans as a collector does, or refuses them as one might.
final class TraceCollector: Sendable {
    enum Mode: String { case taken, silent, busy, limited, closing }

    let port: String
    private let process: ChildProcess

    init(_ mode: Mode = .taken) async throws {
        process = try ChildProcess(
            Programs.python,
            ["-u", Programs.repository + "/Tests/Peers/trace_collector.py", mode.rawValue],
            environment: ["PATH": Programs.path, "PYTHONDONTWRITEBYTECODE": "1"],
            mergingErrors: true
        )
        port = try #require(await process.line { _ in true })
    }

    deinit { process.send(SIGKILL) }

    func jaeger(_ settings: [String: JSON] = [:]) -> [String: JSON] {
        let own: [String: JSON] = [
            "tracing.enabled": true, "tracing.jaeger.endpoint": .string("http://127.0.0.1:\(port)/api/traces"),
            "tracing.jaeger.sample_rate": 1,
        ]
        return own.merging(settings) { $1 }
    }

    func otlp(_ encoding: String) -> [String: JSON] {
        [
            "tracing.enabled": true, "tracing.otlp.endpoint": .string("http://127.0.0.1:\(port)"),
            "tracing.otlp.encoding": .string(encoding), "tracing.jaeger.sample_rate": 1,
        ]
    }

    /// Waits for that many requests.
    func requests(_ count: Int) async throws {
        _ = try #require(await process.line { (try? JSON(parsing: $0))?["request"].int ?? 0 >= count })
    }

    /// All that it was sent, decoded.
    var lines: [String] { Array(process.output.lines.dropFirst()) }

    /// Every span so far, in the order they came.
    var spans: [Span] {
        process.output.lines.dropFirst().compactMap { try? JSON(parsing: $0) }.flatMap { request in
            request["batch"]["spans"].array.map { Span(json: $0, request: request) }
        }
    }

    /// The first span of that name, once it is there.
    func span(_ name: String) async throws -> Span {
        let found = await process.line { line in
            (try? JSON(parsing: line))?["batch"]["spans"].array.contains { $0["name"].string == name } ?? false
        }
        _ = try #require(found, "\(process.output.lines)")
        return try #require(spans.first { $0.name == name })
    }

    /// All spans of the trace that a message's root is in, once the root and its children are there.
    func trace(of message: String, location: SourceLocation = #_sourceLocation) async throws -> Trace {
        let found = await process.line { line in
            guard let request = try? JSON(parsing: line) else { return false }
            return request["batch"]["spans"].array.contains {
                $0["name"].string == "message" && $0["fields"]["messaging.message.id"].string == message
            }
        }
        _ = try #require(found, "\(process.output.lines)", sourceLocation: location)
        let all = spans
        let root = try #require(all.first { $0.name == "message" && $0.field("messaging.message.id") == message })
        return Trace(root: root, spans: all.filter { $0.trace == root.trace })
    }

    /// Once these spans of a message's trace are there, however many requests they came with.
    func spans(_ names: String..., of message: String, location: SourceLocation = #_sourceLocation) async throws
        -> [Span]
    {
        let trace = message.filter { $0 != "-" }
        for name in names {
            let found = await process.line { line in
                guard let request = try? JSON(parsing: line) else { return false }
                return request["batch"]["spans"].array.contains {
                    $0["name"].string == name && $0["trace"].string == trace
                }
            }
            _ = try #require(found, "no \(name) in \(process.output.lines)", sourceLocation: location)
        }
        return spans.filter { $0.trace == trace }
    }

    struct Trace {
        let root: Span
        let spans: [Span]

        subscript(name: String) -> Span? { spans.first { $0.name == name } }

        /// `name < parent`, sorted.
        var shape: [String] {
            spans.map { span in
                "\(span.name) < \(spans.first { $0.span == span.parent }?.name ?? (span.parent.isEmpty ? "-" : span.parent))"
            }.sorted()
        }
    }
}

/// One span as the official classes read it.
struct Span {
    let json: JSON
    let request: JSON

    var name: String { json["name"].string ?? "" }
    var trace: String { json["trace"].string ?? "" }
    var span: String { json["span"].string ?? "" }
    /// Empty for a root.
    var parent: String {
        let parent = json["parent"].string ?? ""
        return parent.allSatisfy { $0 == "0" } ? "" : parent
    }

    func field(_ key: String) -> String? { json["fields"][key].string }
    func number(_ key: String) -> Double? { if case .number(let value) = json["fields"][key] { value } else { nil } }
}
