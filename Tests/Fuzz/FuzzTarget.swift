import Glibc

/// A parser and what must hold of it for any bytes at all. `FUZZ_TARGET` says which one this process is.
enum FuzzTarget: String, CaseIterable {
    case websocket, frames, session, documents, json, identity, configuration, upgrade
    case tls, proxy, admin, compression, authority

    static let chosen: FuzzTarget = {
        let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
        guard let target = FuzzTarget(rawValue: name) else {
            let names = allCases.map(\.rawValue).joined(separator: ", ")
            broken("FUZZ_TARGET is '\(name)'; it must be one of \(names)")
        }
        return target
    }()

    func run(_ input: [UInt8]) {
        switch self {
        case .websocket: WebSocketTarget.run(input)
        case .frames: FramesTarget.run(input)
        case .session: SessionTarget.run(input)
        case .documents: DocumentsTarget.run(input)
        case .json: JSONTarget.run(input)
        case .identity: IdentityTarget.run(input)
        case .configuration: ConfigurationTarget.run(input)
        case .upgrade: UpgradeTarget.run(input)
        case .tls: TLSTarget.run(input)
        case .proxy: ProxyTarget.run(input)
        case .admin: AdminTarget.run(input)
        case .compression: CompressionTarget.run(input)
        case .authority: AuthorityTarget.run(input)
        }
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // A copy of exactly these bytes: what reads past its end meets the address sanitizer.
    FuzzTarget.chosen.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}

/// Ends the process, which libFuzzer takes for a find and keeps the input of.
func expect(_ holds: Bool, _ otherwise: @autoclosure () -> String) {
    if !holds { broken(otherwise()) }
}

func broken(_ message: String) -> Never {
    fatalError(message)
}

/// Of something a target has written itself.
func known<Value>(_ value: Value?) -> Value {
    guard let value else { broken("the target's own sample is wrong") }
    return value
}
