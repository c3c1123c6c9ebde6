/// Which addresses are somebody else's: a name that a stranger chose must not lead into this machine or its network.
package enum PublicAddress {
    /// Networks that are not public though they look like it: IANA's special-purpose registries.
    private static let special4: [(prefix: [UInt8], bits: Int)] = [
        ([0], 8), ([10], 8), ([100, 64], 10), ([127], 8), ([169, 254], 16), ([172, 16], 12), ([192, 0, 0], 24), ([192, 0, 2], 24),
        ([192, 88, 99], 24), ([192, 168], 16), ([198, 18], 15), ([198, 51, 100], 24), ([203, 0, 113], 24), ([224], 4), ([240], 4),
    ]
    /// Within 2000::/3: protocol assignments with Teredo among them, documentation, 6to4, documentation.
    private static let special6: [(prefix: [UInt8], bits: Int)] = [
        ([0x20, 0x01, 0x00], 23), ([0x20, 0x01, 0x0d, 0xb8], 32), ([0x20, 0x02], 16), ([0x3f, 0xff, 0x00], 20),
    ]

    /// - Parameter address: 4 bytes of IPv4 or 16 of IPv6, in network order. Of IPv6 only global unicast is public: what maps, translates or tunnels
    ///   IPv4 is not.
    package static func isPublic(_ address: [UInt8]) -> Bool {
        switch address.count {
        case 4: !special4.contains { isInside(address, $0) }
        case 16: isInside(address, ([0x20], 3)) && !special6.contains { isInside(address, $0) }
        default: false
        }
    }

    private static func isInside(_ address: [UInt8], _ network: (prefix: [UInt8], bits: Int)) -> Bool {
        let whole = network.bits / 8, rest = network.bits % 8
        guard address.prefix(whole).elementsEqual(network.prefix.prefix(whole)) else { return false }
        return rest == 0 || (address[whole] ^ network.prefix[whole]) >> (8 - rest) == 0
    }
}
