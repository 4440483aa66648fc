import Listening
import RelayCore
import RelayTLS
import Testing

@testable import RelayTransport

/// The core knows TLS by name only; its names are those of the room that speaks it.
@Suite struct TLSNamesTests {
    @Test func causesAreTheSame() {
        #expect(TLSHandshakeFailure.allCases.map(\.rawValue) == TLSFailure.Cause.allCases.map(\.rawValue))
        #expect(TLSHandshakeFailure(TLSFailure(.plainHTTP, "")) == .plainHTTP)
    }

    @Test func whatAProxyIsRefusedForIsTheSame() {
        let refusals = ProxyRefusal.allCases.map(\.rawValue)
        #expect(["client", "own"] + refusals == ProxyHeaderResult.allCases.map(\.rawValue))
        #expect(ProxyHeaderResult(.tooSlow) == .tooSlow)
    }

    @Test func suitesAreTheSame() {
        #expect(TLSSuiteName.allCases.map(\.rawValue) == TLSSuite.allCases.map(\.rawValue))
        let agreed = TLSHandshake(version: .tls12, suite: .rsaAES128GCM, isResumed: false)
        #expect(TLSSuiteName(agreed) == .rsaAES128GCM)
    }
}
