// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

// Where every message passes: dynamic exclusivity checks of class properties cost 15 % of the server's CPU there
// (docs/decisions.md). Debug builds, and so the tests, keep them.
let hotPath: [SwiftSetting] =
    settings + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let deques = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let instrumentation = Target.Dependency.product(name: "Instrumentation", package: "swift-distributed-tracing")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "moltrelay",
    products: [.library(name: "Telemetry", targets: ["Telemetry"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "CBrotli", pkgConfig: "libbrotlienc", providers: [.apt(["libbrotli-dev"])]),
        .systemLibrary(name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
        // Of libc, which Glibc leaves out.
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        // Its hiredis.pc asks for a macro that SwiftPM lets nobody ask for, and for nothing else that is needed.
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),

        .target(
            name: "WireProtocol",
            dependencies: ["CDeflate"],
            swiftSettings: settings
        ),
        .target(
            name: "Compression",
            dependencies: ["CBrotli", "CLZ4", "CZlib", "CZstd", "WireProtocol"],
            swiftSettings: settings
        ),
        .target(
            name: "RelayCore",
            dependencies: ["Compression", "WireProtocol", nioCore, deques, heap],
            swiftSettings: hotPath
        ),
        .target(
            name: "LibCrypto",
            dependencies: ["COpenSSL"],
            swiftSettings: settings
        ),
        .target(
            name: "Identity",
            dependencies: ["COpenSSL", "LibCrypto", "WireProtocol"],
            swiftSettings: settings
        ),
        .target(
            name: "RelayTLS",
            dependencies: ["COpenSSL", "LibCrypto", nioCore],
            swiftSettings: hotPath
        ),
        .target(
            name: "Listening",
            dependencies: [nioCore],
            swiftSettings: settings
        ),
        .target(
            name: "RelayTransport",
            dependencies: [
                "Compression", "Identity", "Listening", "RelayCore", "RelayTLS", "WireProtocol", heap, nioCore,
                nioHTTP1, nioPosix,
            ],
            swiftSettings: hotPath
        ),
        .target(
            name: "RelayStores",
            dependencies: ["CSQLite", "Postgres", "Redis", "RelayCore", "WireProtocol", deques, nioCore, nioPosix],
            swiftSettings: hotPath
        ),
        .executableTarget(
            name: "store-benchmark",
            dependencies: ["Postgres", "Redis", "RelayCore", "RelayStores", "WireProtocol", nioCore],
            path: "Benchmarks/StoreBenchmark",
            swiftSettings: settings
        ),
        .target(
            name: "Telemetry",
            dependencies: ["CSystemd", "CZlib", coreMetrics, instrumentation, logging, tracing],
            swiftSettings: settings
        ),
        .target(
            name: "HTTPClient",
            dependencies: ["RelayTLS", nioCore, nioHTTP1, nioPosix],
            swiftSettings: settings
        ),
        .target(
            name: "Redis",
            dependencies: ["CHiredis", "RelayTLS", deques, nioCore, nioPosix],
            swiftSettings: settings
        ),
        .target(
            name: "Postgres",
            dependencies: ["CLibpq", nioCore],
            swiftSettings: settings
        ),
        .target(
            name: "ACME",
            dependencies: ["COpenSSL", "HTTPClient", "LibCrypto", "RelayTLS", nioCore, nioHTTP1],
            swiftSettings: settings
        ),
        .target(
            name: "RelayTelemetry",
            dependencies: ["Compression", "RelayCore", "Telemetry", "WireProtocol"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "telemetry-cost",
            dependencies: ["CountedPath", "RelayCore", "RelayTelemetry", "Telemetry", "WireProtocol"],
            path: "Benchmarks/TelemetryCost",
            swiftSettings: settings
        ),
        .target(
            name: "CountedPath",
            dependencies: ["Compression", "RelayCore", "WireProtocol", nioCore],
            path: "Benchmarks/CountedPath",
            swiftSettings: settings
        ),
        .target(name: "MallocCounter", path: "Benchmarks/MallocCounter"),
        .executableTarget(
            name: "allocation-count",
            dependencies: ["CountedPath", "MallocCounter", "RelayCore", "RelayTelemetry", "Telemetry"],
            path: "Benchmarks/AllocationCount",
            swiftSettings: settings
        ),
        .target(
            name: "RelayAdmin",
            dependencies: ["Listening", "RelayTLS", "Telemetry", logging, nioCore, nioHTTP1, nioPosix],
            resources: ["charts.js", "page.css", "page.html", "page.js", "relay.js", "tables.js", "words.js"].map {
                .embedInCode("Page/\($0)")
            },
            swiftSettings: settings
        ),
        .target(
            name: "RelayClient",
            dependencies: [
                "Compression", "Identity", "LibCrypto", "RelayTLS", "WireProtocol", deques, heap, nioCore, nioHTTP1,
                nioPosix,
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "moltrelay",
            dependencies: [
                "ACME", "CMalloc", "HTTPClient", "Identity", "LibCrypto", "Listening", "RelayAdmin", "RelayClient",
                "Postgres", "Redis", "RelayCore", "RelayStores", "RelayTLS", "RelayTelemetry", "RelayTransport",
                "Telemetry",
                "WireProtocol", argumentParser, instrumentation, logging, nioCore, nioHTTP1, nioPosix, unixSignals,
                yams,
            ],
            swiftSettings: settings
        ),
        .target(
            name: "StoreFixtures",
            dependencies: ["RelayCore", "WireProtocol", nioCore],
            path: "Tests/StoreFixtures",
            swiftSettings: settings
        ),
        .target(
            name: "RelayFixture",
            dependencies: ["ProgramFixture"],
            path: "Tests/RelayFixture",
            swiftSettings: settings
        ),
        .target(
            name: "ProgramFixture",
            path: "Tests/ProgramFixture",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "StoreCrashProbe",
            dependencies: ["RelayCore", "RelayStores", "StoreFixtures", "WireProtocol"],
            path: "Tests/StoreCrashProbe",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "autobahn-echo",
            dependencies: [
                "Compression", "Identity", "RelayCore", "RelayTransport", "WireProtocol", nioCore, nioPosix,
            ],
            path: "Tests/AutobahnEcho",
            swiftSettings: settings
        ),
        .testTarget(
            name: "WireProtocolTests",
            dependencies: ["WireProtocol"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "CompressionTests",
            dependencies: ["Compression", "WireProtocol"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "RelayCoreTests",
            dependencies: ["Compression", "RelayCore", "WireProtocol", deques, nioCore],
            swiftSettings: settings
        ),
        .testTarget(
            name: "IdentityTests",
            dependencies: ["ProgramFixture", "Identity", "LibCrypto", "WireProtocol"],
            swiftSettings: settings
        ),
        .target(
            name: "CertificateFixture",
            dependencies: ["ProgramFixture"],
            path: "Tests/CertificateFixture",
            swiftSettings: settings
        ),
        .testTarget(
            name: "RelayTLSTests",
            dependencies: ["CertificateFixture", "RelayTLS", nioCore, nioEmbedded],
            swiftSettings: settings
        ),
        .testTarget(
            name: "RelayTransportTests",
            dependencies: [
                "Identity", "Listening", "RelayCore", "RelayTLS", "RelayTransport", "WireProtocol", nioCore,
                nioEmbedded,
                nioHTTP1, nioPosix,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "StoreContractTests",
            dependencies: [
                "Postgres", "PostgresFixture", "Redis", "RedisFixture", "RelayCore", "RelayStores", "StoreFixtures",
                "WireProtocol",
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "RelayStoresTests",
            dependencies: [
                "ProgramFixture",
                "CSQLite", "Postgres", "PostgresFixture", "Redis", "RedisFixture", "RelayCore", "RelayFixture",
                "RelayStores", "StoreCrashProbe", "StoreFixtures", "WireProtocol",
            ],
            exclude: ["PostgresVersion1.sql", "Version1.sql"],
            swiftSettings: settings
        ),
        .target(
            name: "RedisFixture",
            dependencies: ["ProgramFixture"],
            path: "Tests/RedisFixture",
            swiftSettings: settings
        ),
        .target(
            name: "PostgresFixture",
            dependencies: ["ProgramFixture"],
            path: "Tests/PostgresFixture",
            swiftSettings: settings
        ),
        .testTarget(
            name: "PostgresTests",
            dependencies: ["Postgres", "PostgresFixture", nioCore],
            swiftSettings: settings
        ),
        .testTarget(
            name: "RedisTests",
            dependencies: [
                "CertificateFixture", "ProgramFixture", "Redis", "RedisFixture", "RelayTLS", nioCore, nioPosix,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "HTTPClientTests",
            dependencies: ["CertificateFixture", "HTTPClient", "RelayTLS", nioCore, nioHTTP1, nioPosix],
            swiftSettings: settings
        ),
        .target(
            name: "PebbleFixture",
            dependencies: [
                "ACME", "CertificateFixture", "HTTPClient", "LibCrypto", "ProgramFixture", "RelayTLS", nioCore,
                nioHTTP1,
                nioPosix,
            ],
            path: "Tests/PebbleFixture",
            swiftSettings: settings
        ),
        .testTarget(
            name: "ACMETests",
            dependencies: ["ACME", "CertificateFixture", "LibCrypto", "PebbleFixture", "RelayTLS", nioCore, nioPosix],
            swiftSettings: settings
        ),
        .target(
            name: "JournalFixture",
            dependencies: ["ProgramFixture"],
            path: "Tests/JournalFixture",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "journal-probe",
            dependencies: ["Telemetry", logging],
            path: "Tests/JournalProbe",
            swiftSettings: settings
        ),
        .testTarget(
            name: "TelemetryTests",
            dependencies: [
                "JournalFixture", "ProgramFixture", "Telemetry", "journal-probe", coreMetrics, instrumentation, logging,
                tracing,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "RelayTelemetryTests",
            dependencies: [
                "ProgramFixture", "RelayCore", "RelayTelemetry", "StoreFixtures", "Telemetry", "WireProtocol",
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "RelayAdminTests",
            dependencies: [
                "Listening", "ProgramFixture", "RelayAdmin", "Telemetry", logging, nioCore, nioEmbedded, nioHTTP1,
                nioPosix,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "RelayClientTests",
            dependencies: [
                "Compression", "Identity", "LibCrypto", "RelayClient", "RelayFixture", "WireProtocol", nioHTTP1,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ConfigurationTests",
            dependencies: ["Identity", "RelayCore", "Telemetry", "moltrelay"],
            exclude: ["Golden"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "ProgramFixture",
                "Identity", "RelayAdmin", "RelayCore", "RelayFixture", "RelayTelemetry", "RelayTransport", "Telemetry",
                "WireProtocol",
                "moltrelay", logging, nioCore, nioHTTP1, nioPosix,
            ],
            exclude: ["Golden"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "CertificateFixture", "JournalFixture", "PebbleFixture", "PostgresFixture", "ProgramFixture",
                "RedisFixture", "RelayFixture",
            ],
            swiftSettings: settings
        ),
    ],
    swiftLanguageModes: [.v6]
)

// For `make fuzz` alone (docs/decisions.md). libFuzzer brings its own main, so the executable gives way to the part of
// it that reads configuration. Our modules are instrumented, what they depend on is not.
if Context.environment["MOLTRELAY_FUZZ"] != nil {
    let sanitizers = "-sanitize=fuzzer,address"
    let instrumented = SwiftSetting.unsafeFlags([
        sanitizers, "-sanitize-coverage=edge,inline-8bit-counters,pc-table,trace-cmp", "-enable-testing",
    ])
    package.targets.removeAll { $0.name == "moltrelay" }
    package.targets += [
        .target(
            name: "moltrelay",
            dependencies: ["ACME", "HTTPClient", "Identity", "Listening", "Telemetry", yams],
            path: "Sources/moltrelay/Configuration",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "fuzz",
            dependencies: [
                "ACME", "CertificateFixture", "Compression", "HTTPClient", "Identity", "Listening", "RelayAdmin",
                "RelayCore", "RelayTLS", "RelayTransport", "WireProtocol", "moltrelay", nioCore, nioEmbedded, nioHTTP1,
                nioPosix,
            ],
            path: "Tests/Fuzz",
            exclude: ["Corpus", "fuzz.mk", "run", "words.dict"],
            swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])],
            linkerSettings: [.unsafeFlags([sanitizers])]
        ),
    ]
    for target in package.targets where [.regular, .executable].contains(target.type) {
        target.swiftSettings = (target.swiftSettings ?? []) + [instrumented]
    }
}
