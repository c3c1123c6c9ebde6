import Domain
import Foundation
import Keys
import Testing

@Suite struct KeyRingTests {
    private static func key(_ name: String, _ text: String? = nil) -> Key { Key(Grant(name: name, scopes: [.images]), text: text ?? "glm-\(name)") }

    @Test("a key is found by its whole text, wherever it stands, and by nothing else")
    func find() throws {
        let ring = try KeyRing(["a", "b", "c"].map { Self.key($0) })
        for name in ["a", "b", "c"] { #expect(ring.key("glm-\(name)")?.name == name) }
        for text in ["", "glm-", "glm-a ", "GLM-a", "glm-ab", "a", ring.keys[0].digest.hexadecimal] {
            #expect(ring.key(text) == nil)
        }
    }

    @Test("new keys are 32 random bytes in letters that a header and a shell can hold")
    func text() {
        let texts = (0..<100).map { _ in Key.makeText() }
        #expect(Set(texts).count == 100)
        #expect(texts.allSatisfy { $0.wholeMatch(of: /glm-[A-Za-z0-9_-]{43}/) != nil })
    }

    @Test("a file reads as what was written, with all that a key allows")
    func roundTrip() throws {
        let grant = Grant(name: "al.i-c_e", scopes: Set(Scope.allCases), models: ["m", "GLM-图"], perMinute: 60, quota: 500, weight: 2.5)
        let ring = try KeyRing([Self.key("a"), Key(grant, text: "x", expires: Date(timeIntervalSince1970: 1_800_000_000))])
        #expect(try KeyRing(json: ring.json()) == ring)
    }

    @Test("a file holds no text of a key")
    func noText() throws {
        let text = Key.makeText()
        let json = String(decoding: try KeyRing([Self.key("a", text)]).json(), as: UTF8.self)
        #expect(!json.contains(text) && !json.contains(text.dropFirst(4)))
    }

    private static let digest = String(repeating: "0a", count: 32)

    @Test(
        "what is wrong is named with its place",
        arguments: [
            ("", "the file is not valid JSON"), ("[]", "the file has the wrong type"), ("{}", "keys is missing"),
            (#"{"keys":[],"more":1}"#, "the file: more is not known; there are: keys"),
            (#"{"keys":[{}]}"#, "keys[0].scopes is missing"),
            (#"{"keys":[{"name":"a","sha256":"\#(digest)","scopes":["images"],"per_minutes":1}]}"#, "keys[0]: per_minutes is not known"),
            (#"{"keys":[{"name":"a","sha256":"\#(digest)","scopes":["all"]}]}"#, "keys[0].scopes: there are: images, chat, fleet:read"),
            (#"{"keys":[{"name":"a","sha256":"\#(digest)","scopes":[]}]}"#, "keys[0]: scopes is empty"),
            (#"{"keys":[{"name":"a","sha256":"glm-secret","scopes":["chat"]}]}"#, "keys[0].sha256: is not 64 hexadecimal digits"),
            (#"{"keys":[{"name":"a","sha256":"0a","scopes":["chat"]}]}"#, "keys[0]: sha256 is not 64 hexadecimal digits"),
            (#"{"keys":[{"name":"a b","sha256":"\#(digest)","scopes":["chat"]}]}"#, "keys[0]: name is \"a b\"; 1 to 64 letters"),
            (#"{"keys":[{"name":"a","sha256":"\#(digest)","scopes":["chat"],"weight":0}]}"#, "keys[0]: weight is 0.0; 0.01 to 100.0"),
            (#"{"keys":[{"name":"a","sha256":"\#(digest)","scopes":["chat"],"per_minute":0}]}"#, "keys[0]: per_minute is 0; 1 to 1000000"),
            (#"{"keys":[{"name":"a","sha256":"\#(digest)","scopes":["chat"],"quota":-1}]}"#, "keys[0]: quota is -1; 1 to 1000000000"),
            (#"{"keys":[{"name":"a","sha256":"\#(digest)","scopes":["chat"],"expires":"soon"}]}"#, "keys[0].expires: is neither a date as"),
        ])
    func wrong(json: String, problem: String) throws {
        let error = #expect(throws: KeyError.self) { try KeyRing(json: Array(json.utf8)) }
        #expect(error?.description.hasPrefix(problem) == true, "\(error?.description ?? "none")")
        #expect(error?.description.contains("secret") == false)
    }

    @Test("a name or a key that comes twice is refused")
    func twice() throws {
        var ring = try KeyRing([Self.key("a")])
        #expect(throws: KeyError.self) { try ring.add(Self.key("a", "other")) }
        #expect(throws: KeyError.self) { try ring.add(Self.key("b", "glm-a")) }
        #expect(ring.keys.count == 1)
    }

    @Test("there is a bound to the number of keys")
    func bound() throws {
        let keys = (0...1024).map { Self.key("\($0)") }
        #expect(try KeyRing(Array(keys.dropLast())).keys.count == 1024)
        #expect(throws: KeyError.self) { try KeyRing(keys) }
    }

    @Test("a day means its beginning in UTC; a time is that time; from then on the key has expired")
    func expiry() throws {
        let day = try #require(KeyDate.read("2027-01-31"))
        #expect(KeyDate.text(day) == "2027-01-31T00:00:00Z" && KeyDate.read("2027-01-31T00:00:00Z") == day)
        let key = Key(Grant(name: "a", scopes: [.chat]), text: "x", expires: day)
        #expect(!key.isExpired(at: day - 1) && key.isExpired(at: day))
        #expect(!Self.key("a").isExpired(at: .distantFuture))
        for text in [
            "", "2027", "31.1.2027", "2027-13-01", "2027-02-31", "2027-01-31x", "2027-01-31T25:00:00Z", "T",
            String(repeating: "2027-01-31", count: 9),
        ] { #expect(KeyDate.read(text) == nil) }
    }
}
