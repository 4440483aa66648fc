import Telemetry

extension Configuration {
    struct Logging: Sendable, Equatable {
        enum Level: String, Sendable, CaseIterable { case debug, info, warn, error }
        enum Format: String, Sendable, CaseIterable { case json, text }
        enum Output: Sendable, Equatable { case standardOutput, standardError, journald, file(String) }

        var level = Level.info
        var format = Format.json
        var output = Output.standardOutput
    }

    struct Metrics: Sendable, Equatable {
        struct StatsD: Sendable, Equatable {
            var enabled = false
            var address = HostPort(host: "localhost", port: 8125)
            var flavor = StatsdOptions.Flavor.plain
            var prefix = ""
            var flushIntervalMilliseconds = 10_000
            var sampleRate = 1.0
            /// nil: by the way to the server.
            var maxDatagramBytes: Int?
        }

        var enabled = true
        var prometheus = true
        var statsd = StatsD()
    }

    struct Tracing: Sendable, Equatable {
        struct Jaeger: Sendable, Equatable {
            /// nil: where there is no OTLP endpoint.
            var enabled: Bool?
            var endpoint = "http://localhost:14268/api/traces"
            /// 0...1 of the messages.
            var sampleRate = 0.01
        }

        struct OTLP: Sendable, Equatable {
            enum Encoding: String, Sendable, CaseIterable { case protobuf, json }

            var endpoint: String?
            var encoding = Encoding.protobuf
        }

        var enabled = false
        var jaeger = Jaeger()
        var otlp = OTLP()
        var slowMilliseconds = 100
        var tracesPerSecond = 100
        var tailTracesPerSecond = 10
        var recorderBytes = 16 << 20

        var sendsToJaeger: Bool { jaeger.enabled ?? (otlp.endpoint == nil) }
    }
}

extension ValueType where Value == Configuration.Logging.Output {
    static var logOutput: ValueType {
        let name = "stdout, stderr, journald or the absolute path of a file"
        return .parsed(name, show: { $0.text }, suggest: likelyOutput) { text in
            switch text {
            case "stdout": .standardOutput
            case "stderr": .standardError
            case "journald": .journald
            default: text.hasPrefix("/") && !text.utf8.contains(0) ? .file(text) : nil
            }
        }
    }
}

private func likelyOutput(_ text: String) -> String? {
    text == "-" ? "stdout" : nearest(text.lowercased(), among: ["stdout", "stderr", "journald"])
}

extension Configuration.Logging.Output {
    var text: String {
        switch self {
        case .standardOutput: "stdout"
        case .standardError: "stderr"
        case .journald: "journald"
        case .file(let path): path
        }
    }
}
