import Listening

extension ValueType where Value == AddressBlock {
    static var addressBlock: ValueType {
        .parsed(
            "a network such as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32",
            show: { $0.description },
            suggest: { AddressBlock.containing($0)?.description },
            parse: { AddressBlock($0) }
        )
    }
}
