import HTTPAPI
import Testing

/// Which pictures are fetched, and from where.
@Suite struct FetchingTests {
    @Test("an address is https of a named host, whatever the case, with or without port 443, and is put together anew")
    func links() throws {
        for text in ["https://a.example/x.png?y=1", "https://A.Example:443/x.png?y=1"] {
            #expect(try ImageLink(text, hosts: ["a.example"], field: "image").url == "https://a.example/x.png?y=1")
        }
    }

    @Test(
        "everything else is refused",
        arguments: [
            "http://a.example/x", "https://b.example/x", "https://a.example.b.example/x", "https://xa.example/x", "https://a.example:80/x",
            "https://a.example:0443/x", "https://u@a.example/x", "https://a.example@b.example/x", "https://b.example#@a.example/x",
            "https://b.example\\@a.example/x", "https://a.example\\.b.example/x", "https://a.example?/x", "https://a.example", "https:/a.example/x",
            "https:a.example/x", "HTTPS://a.example/x", "https://a.example/x#y", "https://a.example/x y", "https://a.example/\u{e9}",
            "https://a.example./x", "https://127.0.0.1/x", "https://[::1]/x", "https://2130706433/x", "https://%61.example/x", "https:///a.example/x",
            "file:///etc/passwd", "ftp://a.example/x", "//a.example/x", " https://a.example/x", "https://a.example\t/x", "https://\u{ff41}.example/x",
        ])
    func refused(text: String) {
        let refusal = #expect(throws: APIError.self) { _ = try ImageLink(text, hosts: ["a.example"], field: "image") }
        #expect(refusal?.status == 400 && refusal?.code == "invalid_image_url" && refusal?.param == "image")
    }

    @Test("without named hosts nothing is fetched, and a long address is not read")
    func limits() {
        #expect(throws: APIError.self) { _ = try ImageLink("https://a.example/x", hosts: [], field: "image") }
        let long = "https://a.example/" + String(repeating: "x", count: 2048)
        #expect(throws: APIError.self) { _ = try ImageLink(long, hosts: ["a.example"], field: "image") }
    }

    @Test(
        "addresses of IPv4 that are public",
        arguments: [
            [93, 184, 216, 34], [1, 1, 1, 1], [172, 15, 0, 1], [172, 32, 0, 1], [100, 63, 0, 1], [100, 128, 0, 1], [223, 255, 255, 255],
        ])
    func public4(address: [UInt8]) { #expect(PublicAddress.isPublic(address)) }

    @Test(
        "addresses of IPv4 that are not: this network, private, shared, loopback, link-local, assigned, documentation, relays, benchmarks, multicast, reserved",
        arguments: [
            [0, 0, 0, 0], [0, 1, 2, 3], [10, 0, 0, 1], [100, 64, 0, 1], [100, 127, 255, 255], [127, 0, 0, 1], [127, 255, 255, 255],
            [169, 254, 169, 254], [172, 16, 0, 1], [172, 31, 255, 255], [192, 0, 0, 8], [192, 0, 2, 1], [192, 88, 99, 1], [192, 168, 1, 1],
            [198, 18, 0, 1], [198, 19, 255, 255], [198, 51, 100, 7], [203, 0, 113, 9], [224, 0, 0, 1], [239, 1, 2, 3], [240, 0, 0, 1],
            [255, 255, 255, 255],
        ])
    func special4(address: [UInt8]) { #expect(!PublicAddress.isPublic(address)) }

    /// The bytes of an address that is written in full, or with zeros left out after a prefix.
    private static func address(_ head: [UInt16], tail: [UInt16] = []) -> [UInt8] {
        let words = head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
        return words.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
    }

    @Test("addresses of IPv6 that are public", arguments: [[0x2606, 0x2800], [0x2001, 0x4860], [0x2a00, 0x1450]] as [[UInt16]])
    func public6(head: [UInt16]) { #expect(PublicAddress.isPublic(Self.address(head, tail: [1]))) }

    @Test(
        "addresses of IPv6 that are not: none, loopback, mapped, compatible, NAT64, local NAT64, discard, Teredo, documentation, 6to4, unique local, link-local, site-local, multicast",
        arguments: [
            ([], []), ([], [1]), ([], [0xffff, 0x5db8, 0xd822]), ([], [0x5db8, 0xd822]), ([0x64, 0xff9b], [0x5db8, 0xd822]),
            ([0x64, 0xff9b, 1], [1]), ([0x100], [1]), ([0x2001], [1]), ([0x2001, 0x1ff], [1]), ([0x2001, 0xdb8], [1]), ([0x2002, 0x7f00, 1], [1]),
            ([0x3fff], [1]), ([0xfc00], [1]), ([0xfd12], [1]), ([0xfe80], [1]), ([0xfec0], [1]), ([0xff02], [1]),
        ] as [([UInt16], [UInt16])])
    func special6(head: [UInt16], tail: [UInt16]) { #expect(!PublicAddress.isPublic(Self.address(head, tail: tail))) }

    @Test("bytes that are no address are not public", arguments: [0, 3, 5, 15, 17])
    func none(count: Int) { #expect(!PublicAddress.isPublic(Array(repeating: 0x20, count: count))) }
}
