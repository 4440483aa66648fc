import Listening

extension Rule {
    static let admin = [
        error("admin.http", "admin.token_file") { draft, _ in
            let admin = draft.configuration.admin
            guard admin.http, admin.tokenFile == nil else { return nil }
            return
                "admin.http: true needs admin.token_file: make one with `openssl rand -hex 32` in a file that only the "
                + "relay's user can read"
        },
        error("admin.http", "server.listen.http", "server.tls.enabled") { draft, _ in
            let server = draft.configuration.server
            guard draft.configuration.admin.http, !server.listen.http.isLoopback, server.tls.enabled != false
            else { return nil }
            return "admin.http: true on server.listen.http \(server.listen.http.description) would send the token over "
                + "the network without TLS. Listen on 127.0.0.1 with a proxy in front that ends TLS, or say "
                + "`server.tls.enabled: false` where one elsewhere does, for agents too"
        },
        error("admin.token_file", "health.token_file", "admin.http") { draft, _ in
            let configuration = draft.configuration
            guard configuration.admin.http, let file = configuration.admin.tokenFile,
                file == configuration.health.tokenFile
            else { return nil }
            return "admin.token_file and health.token_file are both \(quote(file)): whoever may look could order. Give "
                + "each a file of its own"
        },
        warning("admin.token_file") { draft, surroundings in
            guard draft.configuration.admin.http, let path = draft.configuration.admin.tokenFile,
                !surroundings.fileExists(path)
            else { return nil }
            return "admin.token_file: \(quote(path)) does not exist on this machine"
        },
    ]
}
