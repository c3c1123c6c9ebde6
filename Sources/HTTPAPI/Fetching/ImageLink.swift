import Domain

/// The address of a picture that a request names: `https://HOST/PATH`, of a host that the operator has named.
///
/// It is read once, strictly, and what is fetched is put together anew from what was read: no other parser can understand it otherwise.
package struct ImageLink: Sendable, Hashable {
    /// In small letters.
    package let host: String
    /// Path and query, with the slash at its beginning.
    package let target: String

    package var url: String { "https://\(host)\(target)" }

    /// - Parameter hosts: that pictures may be fetched from, in small letters.
    /// - Throws: 400 `invalid_image_url` with what is wrong of it.
    package init(_ text: String, hosts: Set<String>, field: String) throws(APIError) {
        func refusal(_ reason: String) -> APIError { APIError(400, "invalid_image_url", "\(field): \(reason)", param: field) }
        guard !hosts.isEmpty else { throw refusal("pictures are not fetched here; send the file as a data URI") }
        guard text.utf8.count <= 2048 else { throw refusal("the address has \(text.utf8.count) bytes; at most 2048") }
        guard text.hasPrefix("https://") else { throw refusal("pictures are fetched by https alone") }
        let rest = text.dropFirst("https://".count)
        var authority = rest.prefix { $0 != "/" }
        let target = rest.dropFirst(authority.count)
        // 443 is what https means.
        if authority.hasSuffix(":443") { authority = authority.dropLast(4) }
        let isName = authority.utf8.allSatisfy { $0.isAlphanumeric || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
        guard isName, !authority.isEmpty else { throw refusal("the address has something else than a host's name before its path") }
        guard target.hasPrefix("/"), target.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "#") })
        else {
            throw refusal("the address has no path in visible ASCII characters")
        }
        host = authority.lowercased()
        self.target = String(target)
        guard hosts.contains(host) else { throw refusal("\(host.prefix(64)) is not among the hosts that pictures are fetched from") }
    }
}
