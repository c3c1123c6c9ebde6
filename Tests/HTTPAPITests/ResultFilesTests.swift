import Crypto
import Domain
import Foundation
import HTTPAPI
import Testing

@Suite struct ResultFilesTests {
    private let files = ResultFiles { "https://images.example.org" }

    /// The parts of a link.
    private func parts(_ link: String) throws -> (id: String, end: String, signature: String) {
        let match = try #require(
            link.wholeMatch(of: #/https:\/\/images\.example\.org\/v1\/files\/([0-9a-f]{32})\/content\?exp=(\d+)&sig=([0-9a-f]{64})/#))
        return (String(match.1), String(match.2), String(match.3))
    }

    @Test("a link begins with the public address, has an id of 128 bits, and opens its file for an hour")
    func links() throws {
        let file = FileShelf.File([1, 2], .webp, owner: "a")
        let link = try parts(files.put(file, now: 1000))
        #expect(link.end == "4600" && files.file(link.id, now: 4599) == file)
        #expect(try files.checkLink(to: link.id, end: link.end, signature: link.signature, now: 4599))
        #expect(try parts(files.put(file, now: 1000)).id != link.id)
    }

    @Test("a link that has ended, or is not as it was given out, is refused with 403; an address alone is no link")
    func refusals() throws {
        let link = try parts(files.link(to: "0f", now: 1000).replacing("/0f/", with: "/" + String(repeating: "0f", count: 16) + "/"))
        let other = try parts(files.put(FileShelf.File([1], .png, owner: "a"), now: 1000))
        #expect(try !files.checkLink(to: other.id, end: nil, signature: nil, now: 1000))
        for (end, signature, now) in [
            (other.end, other.signature, 4600), (other.end, link.signature, 1000), ("4601", other.signature, 1000), ("x", other.signature, 1000),
            (other.end, "", 1000), (other.end, other.signature.uppercased() + "0", 1000), (other.end, nil, 1000), (nil, other.signature, 1000),
        ] as [(String?, String?, Int)] {
            let refusal = #expect(throws: APIError.self) { try files.checkLink(to: other.id, end: end, signature: signature, now: now) }
            #expect(refusal?.status == 403 && refusal?.code == "insufficient_permissions")
        }
    }

    @Test("signatures are HMAC-SHA-256 of id and end")
    func signature() throws {
        let key = SymmetricKey(data: Data("key".utf8))
        // python3 -c 'import hmac; print(hmac.new(b"key", b"id\n7", "sha256").hexdigest())'
        #expect(LinkSigner(key: key).signature(of: "id", end: 7) == "c87d52452171dbb8bf234afbb489bf8a018cc9a89c82660185798c8da5f568e0")
    }
}
