extension Schema {
    static let server: [Setting] = listen + websocket + tls + proxy + drain + keepalive

    private static let listen = [
        Setting(
            "server.listen.websocket",
            \.server.listen.websocket,
            .listenAddress,
            "Where agents connect (`GET /v1/connect`). Any address but loopback needs TLS, or "
                + "`server.tls.enabled: false` where something in front ends TLS. Port 0 takes any free port; the "
                + "start line of the log names it."
        ),
        Setting(
            "server.listen.http",
            \.server.listen.http,
            .listenAddress,
            "The HTTP listener: health, the page at `/ui`, and what an ACME authority asks for by http-01. The HTTP "
                + "interface for agents, on loopback only, is not in this build."
        ),
        Setting(
            "server.listen.metrics",
            \.server.listen.metrics,
            .listenAddress,
            "Where `/metrics` and the health checks answer.",
            default: "`0.0.0.0:9090`; `127.0.0.1:9090` without a configuration file"
        ),
        Setting(
            "server.public_names",
            \.server.publicNames,
            .list(of: .authority, name: "hosts with or without a port"),
            "The names agents dial this relay by. With the handshake extension `auth:bound` an agent signs the name it "
                + "dialled and the relay accepts only these. Unset, any name is accepted on loopback, elsewhere the "
                + "names in the certificate."
        ),
    ]

    private static let websocket = [
        Setting(
            "server.websocket.permessage_deflate",
            \.server.websocket.permessageDeflate,
            .boolean,
            "Compress WebSocket messages of 128 bytes to 64 KiB for agents that offer RFC 7692, and take theirs. Costs CPU on "
                + "the event loops, for sealed envelopes too; `messages.compression` does better where an agent has it."
        )
    ]

    private static let tls = [
        Setting(
            "server.tls.enabled",
            \.server.tls.enabled,
            .boolean,
            "`false` says that the relay shall speak plain WebSocket, whatever else this section says: for a relay "
                + "behind a proxy that ends TLS.",
            default: "true where a certificate is named or found, else false"
        ),
        Setting(
            "server.tls.cert_file",
            \.server.tls.certFile,
            .path,
            "Certificate chain in PEM, the relay's own certificate first.",
            default: "`/etc/moltrelay/certs/relay.crt` or `tls.crt`, where it exists"
        ),
        Setting(
            "server.tls.key_file",
            \.server.tls.keyFile,
            .path,
            "The certificate's private key in PEM: ECDSA P-256 or P-384, Ed25519, or RSA of 2048 bits or more, without a "
                + "passphrase.",
            default: "`/etc/moltrelay/certs/relay.key` or `tls.key`, where it exists"
        ),
        Setting(
            "server.tls.min_version",
            \.server.tls.minVersion,
            .choice,
            "The oldest TLS that agents may speak. `1.2` lets in clients from before 2018, with forward secrecy and "
                + "authenticated encryption only; it costs them a round trip more, shows their certificates and names "
                + "on the wire, and leaves a downgrade to be tried."
        ),
        Setting(
            "server.tls.certificates",
            \.server.tls.certificates,
            .certificatePairs,
            "More certificates, each for its own names: the name that an agent dials chooses, and `cert_file` is for "
                + "everybody else. In the environment: `/a.crt=/a.key,/b.crt=/b.key`."
        ),
        Setting(
            "server.tls.ocsp_file",
            \.server.tls.ocspFile,
            .path,
            "An OCSP response for `cert_file`, in DER, that agents who ask get with it. Whatever renews it only has to "
                + "replace the file; one past its next update is withheld. One for another certificate or that says "
                + "`revoked` is refused as a wrong certificate is."
        ),
        Setting(
            "server.tls.client_certificates",
            \.server.tls.clientCertificates,
            .choice,
            "Whether agents are asked for a certificate in the TLS handshake: `none`; `optional`, where one that is shown "
                + "must hold; or `required`. It says who may try, not who an agent is. With it no session is resumed."
        ),
        Setting(
            "server.tls.client_ca_file",
            \.server.tls.clientCAFile,
            .path,
            "The authorities, in PEM, that agents' certificates come from."
        ),
        Setting(
            "server.tls.dhparam",
            \.server.tls.dhparam,
            .path,
            "Accepted, for files made as the deployment guide says, and not used: TLS 1.3 has groups of its own, and "
                + "TLS 1.2 is spoken with elliptic curves only."
        ),
        Setting(
            "server.tls.auto_cert",
            \.server.tls.autoCert,
            .boolean,
            "Obtain certificates for `acme_domains` from an ACME authority such as Let's Encrypt, whose terms of service "
                + "are thereby agreed to, and renew them; `cert_file` and `key_file` are then not used. See [tls.md](tls.md)."
        ),
        Setting(
            "server.tls.acme_email",
            \.server.tls.acmeEmail,
            .mailAddress,
            "The contact the ACME authority is given. Used with `auto_cert` only."
        ),
        Setting(
            "server.tls.acme_domains",
            \.server.tls.acmeDomains,
            .list(of: .authority, name: "host names"),
            "The names to obtain certificates for, without wildcards. Used with `auto_cert` only."
        ),
        Setting(
            "server.tls.acme_challenge",
            \.server.tls.acmeChallenge,
            .choice,
            "How the names are proven. `tls-alpn-01`: port 443 of each must lead to `server.listen.websocket`, with TLS "
                + "untouched on the way. `http-01`: `/.well-known/acme-challenge/` on port 80 of each must lead to "
                + "`server.listen.http`."
        ),
        Setting(
            "server.tls.acme_directory",
            \.server.tls.acmeDirectory,
            .url(schemes: ["https"]),
            "The authority. Let's Encrypt's for trials is `https://acme-staging-v02.api.letsencrypt.org/directory`. Keys "
                + "and certificates are kept apart by authority."
        ),
        Setting(
            "server.tls.acme_ca_file",
            \.server.tls.acmeCAFile,
            .path,
            "Whom the authority's own HTTPS is trusted by, in PEM: for a private authority.",
            default: "the system's certificates"
        ),
    ]

    private static let proxy = [
        Setting(
            "server.proxy.header",
            \.server.proxy.header,
            .choice,
            "How the proxies in front say whose connection it is. `proxy_protocol`: versions 1 and 2, which every connection "
                + "from `trusted_networks` to `server.listen.websocket` must then begin with, and one to the HTTP and "
                + "metrics listeners may: a balancer's own probe brings none. `x_forwarded_for`: of the upgrade request, "
                + "the last address that is none of theirs. The client's address then counts in limits, logs and hashes. "
                + "From any other address a PROXY header is refused and `X-Forwarded-For` ignored."
        ),
        Setting(
            "server.proxy.trusted_networks",
            \.server.proxy.trustedNetworks,
            .list(of: .addressBlock, name: "networks such as 10.0.0.0/8 or 2001:db8::/32"),
            "Where those proxies connect from: whoever can connect from there can choose the address it counts under."
        ),
    ]

    private static let drain = [
        Setting(
            "server.drain.timeout_ms",
            \.server.drain.timeoutMilliseconds,
            .whole(0...3_600_000, .milliseconds),
            "How long what is under way may take to finish once the relay drains."
        ),
        Setting(
            "server.drain.readiness_delay_ms",
            \.server.drain.readinessDelayMilliseconds,
            .whole(0...600_000, .milliseconds),
            "How long readiness fails before new connections are refused and agents are told to go: the time a load "
                + "balancer takes to look away. SIGINT skips it."
        ),
        Setting(
            "server.drain.reconnect_after_ms",
            \.server.drain.reconnectAfterMilliseconds,
            .whole(0...600_000, .milliseconds),
            "When agents told to go are asked to come back, before jitter."
        ),
        Setting(
            "server.drain.alternate_relay",
            \.server.drain.alternateRelay,
            .url(schemes: ["wss", "ws"]),
            "The relay that agents told to go are sent to."
        ),
    ]

    private static let keepalive = [
        Setting(
            "server.keepalive.interval_ms",
            \.server.keepalive.intervalMilliseconds,
            .whole(1000...3_600_000, .milliseconds),
            "Pause between two PINGs to an agent."
        ),
        Setting(
            "server.keepalive.timeout_ms",
            \.server.keepalive.timeoutMilliseconds,
            .whole(100...600_000, .milliseconds),
            "How long a PONG may take before its PING counts as missed."
        ),
        Setting(
            "server.keepalive.max_missed",
            \.server.keepalive.maxMissed,
            .whole(1...100),
            "Missed PINGs after which a connection is closed."
        ),
    ]
}
