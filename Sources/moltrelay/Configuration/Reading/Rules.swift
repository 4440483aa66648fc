extension Rule {
    static let all = network + certificates + agents + sizes + places + proxy + tracing + admin + redis + postgres
}

// MARK: Listeners

extension Rule {
    private static let network = [
        error("server.listen.websocket", "server.tls.enabled", "server.tls.cert_file", "server.tls.key_file") {
            draft,
            _ in
            let server = draft.configuration.server
            guard !server.listen.websocket.isLoopback, !server.tls.isDecided else { return nil }
            return "server.listen.websocket: other machines reach \(server.listen.websocket.description), and agents "
                + "would talk to it without TLS. " + remedyWithoutTLS
        },
        error("server.tls.cert_file", "server.tls.key_file") { draft, _ in
            let tls = draft.configuration.server.tls
            guard tls.enabled != false, (tls.certFile == nil) != (tls.keyFile == nil) else { return nil }
            return tls.certFile == nil
                ? "server.tls.key_file needs server.tls.cert_file beside it"
                : "server.tls.cert_file needs server.tls.key_file beside it"
        },
        error("server.tls.enabled", "server.tls.cert_file", "server.tls.key_file") { draft, _ in
            let tls = draft.configuration.server.tls
            guard tls.enabled == true, tls.certFile == nil, tls.keyFile == nil, !tls.autoCert else { return nil }
            return
                "server.tls.enabled: true needs a certificate: give server.tls.cert_file and server.tls.key_file, or "
                + "put them where they are looked for, in \(DefaultCertificate.folder)"
        },
        missing("server.tls.cert_file") { $0.pair?.certificate },
        missing("server.tls.key_file") { $0.pair?.key },
        missing("server.tls.ocsp_file") { $0.pair == nil ? nil : $0.ocspFile },
        missing("server.tls.client_ca_file") { $0.pair == nil ? nil : $0.clientCAFile },
        error("server.tls.client_certificates", "server.tls.client_ca_file") { draft, _ in
            let tls = draft.configuration.server.tls
            guard tls.clientCertificates != .none, tls.clientCAFile == nil else { return nil }
            return
                "server.tls.client_certificates: \(tls.clientCertificates.rawValue) needs server.tls.client_ca_file: whose "
                + "certificates hold"
        },
        error("server.tls.client_ca_file", "server.tls.client_certificates") { draft, _ in
            let tls = draft.configuration.server.tls
            guard tls.clientCertificates == .none, tls.clientCAFile != nil else { return nil }
            return
                "server.tls.client_ca_file does nothing with server.tls.client_certificates: none: say `optional` or "
                + "`required`"
        },
        error("server.tls.certificates", "server.tls.ocsp_file", "server.tls.cert_file") { draft, _ in
            let tls = draft.configuration.server.tls
            guard tls.enabled != false, !tls.certificates.isEmpty || tls.ocspFile != nil, tls.certFile == nil,
                !tls.autoCert
            else { return nil }
            return "server.tls.certificates and server.tls.ocsp_file need server.tls.cert_file, which is for everybody "
                + "who asks for no name of theirs"
        },
        warning("server.tls.dhparam") { draft, _ in
            guard let path = draft.configuration.server.tls.dhparam else { return nil }
            return
                "server.tls.dhparam: \(quote(path)) is not used: TLS 1.3 has groups of its own, and TLS 1.2 is spoken "
                + "with elliptic curves only. Remove the key"
        },
        warning("server.tls.min_version") { draft, _ in
            let tls = draft.configuration.server.tls
            guard tls.minVersion == .tls12, tls.enabled != false else { return nil }
            return "server.tls.min_version: 1.2 lets in what cannot speak TLS 1.3, and shows names and certificates on "
                + "the wire: for as long as such agents exist"
        },
        clash("server.listen.http", \.http, "server.listen.websocket", \.websocket),
        clash("server.listen.metrics", \.metrics, "server.listen.websocket", \.websocket),
        clash("server.listen.metrics", \.metrics, "server.listen.http", \.http),
        warning("server.public_names", "server.listen.websocket", "server.tls.enabled") { draft, _ in
            let server = draft.configuration.server
            guard server.publicNames.isEmpty, !server.listen.websocket.isLoopback, server.tls.enabled == false
            else { return nil }
            return "server.public_names is not set and there is no certificate to take names from: agents that bind "
                + "their signature to the name they dialled (`auth:bound`) cannot be let in. List the names they dial."
        },
        error("health.endpoint", "health.detailed_endpoint") { draft, _ in
            let health = draft.configuration.health
            guard health.endpoint == health.detailedEndpoint else { return nil }
            return "health.endpoint and health.detailed_endpoint are both \(quote(health.endpoint))"
        },
        taken("health.endpoint", \.health.endpoint),
        taken("health.detailed_endpoint", \.health.detailedEndpoint),
    ]

    private static let remedyWithoutTLS =
        "Give server.tls.cert_file and server.tls.key_file, or say `server.tls.enabled: false` where a proxy in front ends "
        + "TLS."

    private static func missing(
        _ key: String,
        _ path: @escaping @Sendable (Configuration.Server.TLS) -> String?
    ) -> Rule {
        warning(key) { draft, surroundings in
            guard let path = path(draft.configuration.server.tls), !surroundings.fileExists(path) else { return nil }
            return "\(key): \(quote(path)) does not exist on this machine"
        }
    }

    private static func clash(
        _ key: String,
        _ address: any KeyPath<Configuration.Server.Listen, HostPort> & Sendable,
        _ otherKey: String,
        _ other: any KeyPath<Configuration.Server.Listen, HostPort> & Sendable
    ) -> Rule {
        error(key, otherKey) { draft, _ in
            let listen = draft.configuration.server.listen
            guard listen[keyPath: address].overlaps(listen[keyPath: other]) else { return nil }
            return "\(key) \(listen[keyPath: address].description) and \(otherKey) "
                + "\(listen[keyPath: other].description) cannot both be bound: give them different ports"
        }
    }

    private static func taken(_ key: String, _ property: any KeyPath<Configuration, String> & Sendable) -> Rule {
        error(key) { draft, _ in
            let path = draft.configuration[keyPath: property]
            guard path == "/metrics" || path == "/" || path.hasPrefix("/v1/") else { return nil }
            return "\(key): \(quote(path)) is answered by something else already"
        }
    }
}

extension Configuration.Server.TLS {
    /// The configuration itself says whether there is TLS.
    var isDecided: Bool { enabled != nil || certFile != nil || keyFile != nil || autoCert }
}

extension HostPort {
    fileprivate func overlaps(_ other: HostPort) -> Bool {
        port != 0 && port == other.port && (host == other.host || isEveryAddress || other.isEveryAddress)
    }
}

// MARK: Agents

extension Rule {
    private static let agents = [
        error("auth.allow_anonymous", "auth.trusted_orgs") { draft, _ in
            let auth = draft.configuration.auth
            guard auth.requireAuth, !auth.allowAnonymous, auth.trustedOrgs.isEmpty else { return nil }
            return "auth.allow_anonymous: false with no auth.trusted_orgs lets nobody in"
        },
        error("auth.require_auth", "auth.allow_anonymous") { draft, _ in
            let auth = draft.configuration.auth
            guard !auth.requireAuth, !auth.allowAnonymous else { return nil }
            return "auth.require_auth: false asks nobody for a signature, auth.allow_anonymous: false asks everybody "
                + "for an attestation: decide"
        },
        warning("auth.require_auth", "server.listen.websocket") { draft, _ in
            guard !draft.configuration.auth.requireAuth else { return nil }
            return "auth.require_auth: false lets anybody send as any agent: for development only"
        },
        warning("auth.trusted_orgs", "auth.allow_anonymous") { draft, _ in
            guard !draft.configuration.auth.trustedOrgs.isEmpty, !draft.isSet("auth.allow_anonymous") else {
                return nil
            }
            return "auth.trusted_orgs is set, and agents of no organisation are let in too: say "
                + "`auth.allow_anonymous: true` if they shall be, `false` if not"
        },
        warning("auth.private_key_file") { draft, surroundings in
            guard let path = draft.configuration.auth.privateKeyFile, !surroundings.fileExists(path) else {
                return nil
            }
            return "auth.private_key_file: \(quote(path)) does not exist on this machine"
        },
        warning("health.token_file") { draft, surroundings in
            guard let path = draft.configuration.health.tokenFile, !surroundings.fileExists(path) else { return nil }
            return "health.token_file: \(quote(path)) does not exist on this machine"
        },
        error("server.keepalive.interval_ms", "limits.idle_timeout_ms") { draft, _ in
            let interval = draft.configuration.server.keepalive.intervalMilliseconds
            let idle = draft.configuration.limits.idleTimeoutMilliseconds
            guard idle > 0, idle <= interval else { return nil }
            return "limits.idle_timeout_ms \(idle) is not above server.keepalive.interval_ms \(interval): quiet "
                + "connections would be closed before their first PING"
        },
    ]
}

// MARK: Sizes

/// Around an envelope: routing header, trace context, compression header, frame header and checksum.
private let messageOverhead = 96 + 26 + 5 + 21

extension Rule {
    private static let sizes = [
        error("limits.outbox_max_bytes", "messages.max_size_bytes") { draft, _ in
            let outbox = draft.configuration.limits.outboxMaxBytes
            let largest = draft.configuration.messages.maxSizeBytes
            guard outbox < largest + messageOverhead else { return nil }
            return "limits.outbox_max_bytes \(outbox) has no room for one message of messages.max_size_bytes "
                + "\(largest) and the \(messageOverhead) bytes around it"
        },
        error("queue.max_total_size_bytes", "messages.max_size_bytes", "queue.enabled") { draft, _ in
            let total = draft.configuration.queue.maxTotalSizeBytes
            let largest = draft.configuration.messages.maxSizeBytes
            guard draft.configuration.queue.enabled, total < largest + messageOverhead else { return nil }
            return "queue.max_total_size_bytes \(total) has no room for one message of messages.max_size_bytes "
                + "\(largest) and the \(messageOverhead) bytes around it"
        },
        warning("queue.storage") { draft, _ in
            guard draft.configuration.queue.storage == .memory else { return nil }
            return
                "queue.storage: memory survives nothing: when the relay ends, queued messages that were acknowledged "
                + "are lost, and so are the keys pinned to agent ids"
        },
    ]
}

// MARK: Files

/// Room in `sockaddr_un.sun_path` without its terminator.
private let maxSocketPathBytes = 107

extension Rule {
    private static let places = [
        error("admin.socket") { draft, _ in
            let path = draft.configuration.admin.socket
            guard path.utf8.count > maxSocketPathBytes else { return nil }
            return "admin.socket: the path of a Unix socket has at most \(maxSocketPathBytes) bytes, "
                + "\(quote(path)) has \(path.utf8.count): name a shorter one"
        },
        error("admin.socket") { draft, _ in
            guard draft.configuration.admin.socket.isEmpty else { return nil }
            return "admin.socket: no folder for it: " + remedyWithoutFolder
        },
        error("storage.sqlite.path", "queue.storage") { draft, _ in
            let configuration = draft.configuration
            guard configuration.queue.storage == .sqlite, configuration.storage.sqlite.path.isEmpty else { return nil }
            return "storage.sqlite.path: no folder for it: " + remedyWithoutFolder
        },
    ]

    private static let remedyWithoutFolder =
        "set this key, give --state-directory, or set STATE_DIRECTORY, as systemd's StateDirectory= does"
}
