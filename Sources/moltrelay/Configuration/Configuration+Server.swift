import ACME
import Listening

extension Configuration.Server {
    struct Listen: Sendable, Equatable {
        var websocket = HostPort.loopback(8443)
        var http = HostPort.loopback(8080)
        /// Of a relay without a configuration file; with one it is every address (a kubelet probes the pod's).
        var metrics = HostPort.loopback(9090)
    }

    struct TLS: Sendable, Equatable {
        /// nil: TLS where a certificate is named, or lies where it is looked for.
        var enabled: Bool?
        var certFile: String?
        var keyFile: String?
        var minVersion = MinVersion.tls13
        var dhparam: String?
        var ocspFile: String?
        /// Besides `certFile`, chosen by the name that a client asks for.
        var certificates: [Pair] = []
        var clientCertificates = ClientCertificates.none
        var clientCAFile: String?
        var autoCert = false
        var acmeEmail: String?
        var acmeDomains: [String] = []
        var acmeDirectory = "https://acme-v02.api.letsencrypt.org/directory"
        var acmeCAFile: String?
        var acmeChallenge = ChallengeKind.tlsALPN01

        enum MinVersion: String, Sendable, CaseIterable {
            case tls13 = "1.3"
            case tls12 = "1.2"
        }

        struct Pair: Sendable, Equatable {
            var certFile: String
            var keyFile: String
        }

        enum ClientCertificates: String, Sendable, CaseIterable {
            case none, optional, required
        }

        /// Certificates come from an authority, whatever files are named.
        var isAutomatic: Bool { autoCert && enabled != false }

        /// Where agents are served with TLS, by an operator's files. Once all defaults are known.
        var pair: (certificate: String, key: String)? {
            guard enabled != false, !autoCert, let certFile, let keyFile else { return nil }
            return (certFile, keyFile)
        }
    }

    struct Proxy: Sendable, Equatable {
        enum Header: String, Sendable, CaseIterable {
            case none
            case proxyProtocol = "proxy_protocol"
            case forwardedFor = "x_forwarded_for"
        }

        var header = Header.none
        var trustedNetworks: [AddressBlock] = []
    }

    struct Drain: Sendable, Equatable {
        var timeoutMilliseconds = 30_000
        var readinessDelayMilliseconds = 5000
        /// Before jitter.
        var reconnectAfterMilliseconds = 5000
        var alternateRelay: String?
    }

    struct WebSocket: Sendable, Equatable {
        var permessageDeflate = false
    }

    struct Keepalive: Sendable, Equatable {
        var intervalMilliseconds = 30_000
        var timeoutMilliseconds = 10_000
        var maxMissed = 3
    }
}
