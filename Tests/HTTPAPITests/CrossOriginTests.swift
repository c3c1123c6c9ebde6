import HTTPAPI
import HTTPTypes
import Testing

@Suite struct CrossOriginTests {
    private let rule = CrossOrigin(["https://chat.example.org"])

    @Test(
        "a page of the server itself or of a named origin may call, and what is no page; no other, nor one without an origin",
        arguments: [
            (nil, true), ("http://127.0.0.1:8000", true), ("https://127.0.0.1:8000", true), ("https://chat.example.org", true),
            ("http://chat.example.org", false), ("https://chat.example.org:444", false), ("null", false), ("", false),
            ("http://127.0.0.1:8001", false), ("http://127.0.0.1", false), ("https://chat.example.org.attacker.example", false),
        ] as [(String?, Bool)])
    func origins(origin: String?, passes: Bool) {
        #expect(passes == ((try? rule.check(origin: origin, authority: "127.0.0.1:8000")) != nil))
    }

    @Test("only a named origin is told that it may read, and what of the headers")
    func headers() {
        #expect(rule.headers(origin: "https://chat.example.org")[.accessControlAllowOrigin] == "https://chat.example.org")
        #expect(rule.headers(origin: "https://other.example.org").isEmpty && rule.headers(origin: nil).isEmpty)
    }

    @Test("a browser's question is answered with the headers that the API knows, and no credentials; without named origins it is none")
    func preflight() throws {
        let question: HTTPFields = [
            .origin: "https://chat.example.org", .accessControlRequestMethod: "POST",
            .accessControlRequestHeaders: "Authorization, Content-Type, X-Stainless-OS, Cookie",
        ]
        let answer = try #require(rule.preflight(.options, question))
        #expect(answer[.accessControlAllowHeaders] == "authorization, content-type, x-stainless-os")
        #expect(answer[.accessControlAllowCredentials] == nil)
        #expect(CrossOrigin().preflight(.options, question) == nil && rule.preflight(.post, question) == nil)
        #expect(rule.preflight(.options, [.origin: "https://chat.example.org"]) == nil)
    }

    @Test(
        "an origin is a scheme, a host in small letters and perhaps a port",
        arguments: [
            ("https://a.example", true), ("http://127.0.0.1:3000", true), ("http://[::1]:80", true), ("a.example", false), ("*", false),
            ("https://a.example/", false), ("https://A.example", false), ("ftp://a.example", false),
        ])
    func syntax(text: String, isOrigin: Bool) { #expect(CrossOrigin.isOrigin(text) == isOrigin) }
}
