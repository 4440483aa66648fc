internal import COpenSSL

/// Whom a client means to talk to, and whose certificate it was shown instead.
final class DialledHost {
    private static let maxNamesTold = 5
    /// Of a DNS name.
    private static let maxNameBytes = 253

    private let name: String
    /// nil while no certificate of another name came.
    private var otherNames: [String]?

    init(_ name: String) { self.name = name }

    /// OpenSSL's callback for each verdict of a verification: changes none, and remembers a certificate of another
    /// name, which is nowhere to be found once the handshake has failed.
    static func verified(_ isGood: Int32, _ store: OpaquePointer?) -> Int32 {
        guard isGood != 1, let store, let certificate = X509_STORE_CTX_get0_cert(store),
            [X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH].contains(X509_STORE_CTX_get_error(store)),
            let ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()),
            let owner = SSL_get_ex_data(OpaquePointer(ssl), 0), X509_up_ref(certificate) == 1
        else { return isGood }
        let host = Unmanaged<DialledHost>.fromOpaque(owner).takeUnretainedValue()
        host.otherNames = Certificate(owning: certificate).names
        return isGood
    }

    var complaint: String? {
        guard let otherNames else { return nil }
        // Its words: not all of what a certificate can hold belongs on a terminal.
        let names = otherNames.filter { $0.utf8.count <= Self.maxNameBytes && $0.utf8.allSatisfy { 0x21...0x7E ~= $0 } }
        let told = names.prefix(Self.maxNamesTold).joined(separator: ", ")
        let more = otherNames.count - min(names.count, Self.maxNamesTold)
        let all = (told.isEmpty ? [] : [told]) + (more > 0 ? ["\(more) more"] : [])
        return "it is for \(all.isEmpty ? "no name" : all.joined(separator: " and ")), not for \(name)"
    }
}
