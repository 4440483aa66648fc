import ACME

// Certificates from an authority.
extension Rule {
    static let certificates = [
        error("server.tls.auto_cert", "server.tls.acme_domains") { draft, _ in
            let tls = draft.configuration.server.tls
            guard tls.isAutomatic, tls.acmeDomains.isEmpty else { return nil }
            return "server.tls.auto_cert: true needs server.tls.acme_domains: the names that agents dial"
        },
        error("server.tls.acme_domains") { draft, _ in
            let tls = draft.configuration.server.tls
            guard tls.isAutomatic, let name = tls.acmeDomains.first(where: { !isProvable($0) }) else { return nil }
            return
                "server.tls.acme_domains: \(quote(name)) cannot be proven to an authority: a DNS name has a dot, and no "
                + "port, wildcard or address is one"
        },
        error("server.tls.auto_cert") { draft, _ in
            guard draft.configuration.server.tls.isAutomatic, draft.configuration.stateFolder == nil else { return nil }
            return "server.tls.auto_cert: true needs a folder to keep keys and certificates in: give --state-directory"
        },
        warning("server.tls.cert_file", "server.tls.key_file") { draft, _ in
            let tls = draft.configuration.server.tls
            guard tls.isAutomatic, tls.certFile != nil || tls.keyFile != nil else { return nil }
            return
                "server.tls.cert_file and server.tls.key_file are not used: server.tls.auto_cert obtains certificates"
        },
        warning("server.tls.acme_challenge", "server.listen.http") { draft, _ in
            let server = draft.configuration.server
            guard server.tls.isAutomatic, server.tls.acmeChallenge == .http01, server.listen.http.isLoopback else {
                return nil
            }
            return "server.tls.acme_challenge: http-01 is asked for on port 80 of each name, and server.listen.http is "
                + "\(server.listen.http.description): something must forward /.well-known/acme-challenge/ to it"
        },
        warning("server.tls.acme_ca_file") { draft, surroundings in
            let tls = draft.configuration.server.tls
            guard tls.isAutomatic, let path = tls.acmeCAFile, !surroundings.fileExists(path) else { return nil }
            return "server.tls.acme_ca_file: \(quote(path)) does not exist on this machine"
        },
    ]

    private static func isProvable(_ name: String) -> Bool {
        let labels = name.lowercased().split(separator: ".", omittingEmptySubsequences: false)
        let isName = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy {
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
                }
        }
        // An IPv4 address ends in a number, as no name does.
        return isName && labels.count > 1 && name.utf8.count <= 253 && Int(labels[labels.count - 1]) == nil
    }
}
