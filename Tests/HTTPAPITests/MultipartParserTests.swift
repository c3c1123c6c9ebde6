import HTTPAPI
import Testing

private typealias Failure = MultipartParser.Failure
private typealias Part = MultipartParser.Part

private let header = "Content-Disposition: form-data; name=a"

@Suite struct MultipartParserTests {
    private func parse(
        _ body: [UInt8], boundary: String = "b", limits: MultipartParser.Limits = .init(), size: Int = .max
    ) throws(Failure) -> [Part] {
        var parser = MultipartParser(boundary: boundary, limits: limits)
        var parts: [Part] = []
        var rest = body[...]
        while !rest.isEmpty {
            parts += try parser.push(rest.prefix(size))
            rest = rest.dropFirst(size)
        }
        try parser.finish()
        return parts
    }

    private func parse(_ lines: String...) throws(Failure) -> [Part] { try parse(Array(lines.joined(separator: "\r\n").utf8)) }

    private func failure(_ lines: [String], limits: MultipartParser.Limits = .init()) -> Failure? {
        do {
            _ = try parse(Array(lines.joined(separator: "\r\n").utf8), limits: limits)
            return nil
        } catch {
            return error
        }
    }

    private func field(_ name: String, _ text: String) -> Part { Part(name: name, isFile: false, bytes: Array(text.utf8)) }

    private static let binary: [UInt8] = Array("\u{1}\r\n--\r\r\n\r\n-\r\n--x\n--".utf8) + (0...255).map { $0 } + [13]

    /// What clients send: boundary, lines before the file's bytes, lines after them.
    private static let clients: [(name: String, boundary: String, before: [String], after: [String])] = [
        (
            "curl", "------------------------d74496d66958873e",
            [
                "--------------------------d74496d66958873e", "Content-Disposition: form-data; name=\"prompt\"", "", "a cat",
                "--------------------------d74496d66958873e", "Content-Disposition: form-data; name=\"image\"; filename=\"a.png\"",
                "Content-Type: image/png", "", "",
            ], ["", "--------------------------d74496d66958873e--", ""]
        ),
        (
            "openai-python", "a7f7ac8a6a5ec7f7d4b3f2d5c6e9c3aa",
            [
                "--a7f7ac8a6a5ec7f7d4b3f2d5c6e9c3aa", "Content-Disposition: form-data; name=\"prompt\"", "", "a cat",
                "--a7f7ac8a6a5ec7f7d4b3f2d5c6e9c3aa", "Content-Disposition: form-data; name=\"image\"; filename=\"a.png\"",
                "Content-Type: image/png", "", "",
            ], ["", "--a7f7ac8a6a5ec7f7d4b3f2d5c6e9c3aa--", ""]
        ),
        (
            "node", "----formdata-undici-031567352386",
            [
                "------formdata-undici-031567352386", "Content-Disposition: form-data; name=\"image\"; filename=\"a.png\"",
                "Content-Type: application/octet-stream", "", "",
            ],
            [
                "", "------formdata-undici-031567352386", "Content-Disposition: form-data; name=\"prompt\"", "", "a cat",
                "------formdata-undici-031567352386--",
            ]
        ),
        (
            "aiohttp", "6c1d2e9f8b5a4c3d9e8f7a6b5c4d3e2f",
            [
                "--6c1d2e9f8b5a4c3d9e8f7a6b5c4d3e2f", "Content-Type: text/plain; charset=utf-8",
                "Content-Disposition: form-data; name=\"prompt\"", "", "a cat", "--6c1d2e9f8b5a4c3d9e8f7a6b5c4d3e2f", "Content-Type: image/png",
                "Content-Disposition: form-data; name=\"image\"; filename=\"a.png\"; filename*=utf-8''a.png", "", "",
            ], ["", "--6c1d2e9f8b5a4c3d9e8f7a6b5c4d3e2f--", ""]
        ),
    ]

    private static func body(_ client: (name: String, boundary: String, before: [String], after: [String])) -> [UInt8] {
        Array(client.before.joined(separator: "\r\n").utf8) + binary + Array(client.after.joined(separator: "\r\n").utf8)
    }

    @Test("bodies as clients send them give their parts, however they are cut", arguments: 0..<4, [1, 2, 3, 7, 64, .max])
    func sent(index: Int, size: Int) throws {
        let client = Self.clients[index]
        let parts = try parse(Self.body(client), boundary: client.boundary, size: size)
        let expected = [field("prompt", "a cat"), Part(name: "image", isFile: true, bytes: Self.binary)]
        #expect(parts == (client.name == "node" ? expected.reversed() : expected))
    }

    @Test("a body that is cut in two anywhere gives the same parts")
    func cuts() throws {
        let body = Self.body(Self.clients[3])
        let whole = try parse(body, boundary: Self.clients[3].boundary)
        for cut in 0...body.count {
            var parser = MultipartParser(boundary: Self.clients[3].boundary)
            let parts = try parser.push(body[..<cut]) + parser.push(body[cut...])
            try parser.finish()
            #expect(parts == whole)
        }
    }

    @Test("a part is given as soon as its delimiter has come, also of bytes that do not lie in one piece")
    func early() throws {
        var parser = MultipartParser(boundary: "b")
        #expect(try parser.push("--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--".utf8.lazy.map { $0 }) == [])
        #expect(try parser.push("b".utf8) == [field("a", "x")])
        #expect(try parser.push("--".utf8) == [])
        try parser.finish()
    }

    @Test("parts of one name are kept in their order; empty ones, too")
    func repeated() throws {
        let header = "Content-Disposition: form-data; name=\"image[]\""
        let parts = try parse("--b", header, "", "1", "--b", header, "", "", "--b", header, "", "2", "--b--")
        #expect(parts == ["1", "", "2"].map { field("image[]", $0) })
    }

    @Test("a form without parts is one")
    func none() throws {
        #expect(try parse("--b--") == [])
        #expect(try parse("--b--", "") == [])
    }

    @Test("what precedes the first delimiter and follows the last is skipped; blanks may follow a boundary")
    func around() throws {
        let parts = try parse(
            "", "preamble --b", "--c", "--b \t ", "Content-Disposition: form-data; name=a", "", "x", "--b--  ", "epilogue", "--b", "")
        #expect(parts == [field("a", "x")])
    }

    @Test(
        "what looks like a boundary but does not follow CRLF and two dashes is content",
        arguments: ["--b", "a--b", "\n--b", "\r--b", "\r\n-b", "\r\n--", "\r\n--c", "\r\r\n-\r\n--B", "--b--", "\r\n\r\n- -b", "\r"])
    func content(text: String) throws {
        let parts = try parse("--b", "Content-Disposition: form-data; name=a", "", text, "--b--")
        #expect(parts == [field("a", text)])
    }

    @Test(
        "names are read as clients write them",
        arguments: [
            ("name=\"a b\"", "a b"), ("name=image", "image"), ("NAME=\"a\"", "a"), ("name=\"a;b=c\"", "a;b=c"), (#"name="a\"b\\c\d""#, #"a"b\c\d"#),
            ("name=\"a%22b%20%2\"", "a\"b%20%2"), ("name=\"图é🍎\"", "图é🍎"), ("filename=x; name=\"a\"", "a"), ("name=\"a\";", "a"), ("name=\"\"", ""),
        ])
    func names(parameter: String, name: String) throws {
        let parts = try parse("--b", "X-Other: 1", "content-DISPOSITION:Form-Data ; \(parameter)", "", "", "--b--")
        #expect(parts.map(\.name) == [name])
    }

    @Test(
        "a filename makes a part a file, whatever it is",
        arguments: ["filename=\"a.png\"", "filename=\"\"", "filename*=UTF-8''%e2%82%ac.png", "FileName=\"a\\\"; x.png\""])
    func files(parameter: String) throws {
        #expect(try parse("--b", "Content-Disposition: form-data; name=a; \(parameter)", "", "", "--b--").first?.isFile == true)
    }

    @Test("encodings that change no byte are read", arguments: ["7bit", "8BIT", " binary "])
    func encodings(name: String) throws {
        #expect(try parse("--b", "Content-Transfer-Encoding: \(name)", "Content-Disposition: form-data; name=a", "", "x", "--b--").count == 1)
    }

    @Test(
        "what is no form is refused with what is wrong",
        arguments: [
            (["--b", header, "", "x"], "the body ends before its last boundary"),
            (["--b", header, "", "x", "--b"], "the body ends before its last boundary"),
            (["--b", header, "", "x", "--b-"], "the body ends before its last boundary"),
            ([], "the body ends before its last boundary"),
            (["--c", header, "", "x", "--c--"], "the body ends before its last boundary"),
            (["--b", header, "", "x\n--b--\n"], "the body ends before its last boundary"),
            (["--b\n" + header, "", "x", "--b--"], "a boundary is followed by neither CRLF nor two dashes"),
            (["--bc", header, "", "x", "--b--"], "a boundary is followed by neither CRLF nor two dashes"),
            (["--b", header, "", "x", "--b-c"], "a boundary is followed by neither CRLF nor two dashes"),
            (["--b", header + "\n", "x", "--b--"], "a line in the header of part 1 does not end in CRLF"),
            (["--b", header + "\r", "x", "--b--"], "a line in the header of part 1 does not end in CRLF"),
            (["--b", "", "x", "--b--"], "part 1 has no Content-Disposition of form-data"),
            (["--b", "Content-Type: text/plain", "", "x", "--b--"], "part 1 has no Content-Disposition of form-data"),
            (
                ["--b", header, "", "x", "--b", "Content-Disposition: attachment; name=a", "", "x", "--b--"],
                "part 2 has no Content-Disposition of form-data"
            ),
            (["--b", "Content-Disposition: form-data", "", "x", "--b--"], "part 1 has no name in UTF-8"),
            (["--b", "Content-Disposition: form-data; filename=\"name=a\"", "", "x", "--b--"], "part 1 has no name in UTF-8"),
            (["--b", header, header, "", "x", "--b--"], "the Content-Disposition of part 1 cannot be read"),
            (["--b", header + "; name=b", "", "x", "--b--"], "the Content-Disposition of part 1 cannot be read"),
            (["--b", header + "; filename=\"x", "", "x", "--b--"], "the Content-Disposition of part 1 cannot be read"),
            (["--b", header, " folded: 1", "", "x", "--b--"], "the header of part 1 has a line without a name"),
            (["--b", "no colon", "", "x", "--b--"], "the header of part 1 has a line without a name"),
            (
                ["--b", header, "Content-Transfer-Encoding: base64", "", "x", "--b--"],
                "the Content-Transfer-Encoding of part 1 is 'base64'; only 7bit, 8bit and binary are read"
            ),
        ] as [([String], String)])
    func malformed(lines: [String], message: String) {
        let failure = failure(lines)
        #expect(failure?.kind == .malformed)
        #expect(failure?.message == message)
    }

    @Test("a name that is not UTF-8 is refused")
    func notUTF8() {
        let body = Array("--b\r\nContent-Disposition: form-data; name=\"".utf8) + [0xff] + Array("\"\r\n\r\n\r\n--b--".utf8)
        #expect(throws: MultipartParser.Failure.self) { try parse(body) }
    }

    private static let small = MultipartParser.Limits(parts: 2, headerBytes: 64, fieldBytes: 3, fileBytes: 5, totalBytes: 300)

    @Test("a body may fill each of its limits")
    func full() {
        let file = named("f") + "; filename=x"
        #expect(failure(["--b", named("a"), "", "123", "--b", file, "", "12345", "--b--"], limits: Self.small) == nil)
        #expect(failure([String(repeating: "p", count: 64), "--b--"], limits: Self.small) == nil)
        #expect(failure(["--b--" + String(repeating: "e", count: 295)], limits: Self.small) == nil)
        let long = "a" + String(repeating: " ", count: 64 - 4 - named("a").utf8.count)
        #expect(failure(["--b", named(long), "", "", "--b--"], limits: Self.small) == nil)
    }

    private func named(_ name: String) -> String { "Content-Disposition: form-data; name=\(name)" }

    @Test("beyond a limit a body is refused with what is too large and the limit")
    func limits() {
        let part = ["--b", named("a"), "", "123"]
        let cases: [(lines: [String], message: String)] = [
            (part + part + part + ["--b--"], "the body has more than 2 parts"),
            (["--b", named(String(repeating: "n", count: 60)), "", "", "--b--"], "the header of part 1 has more than 64 bytes"),
            (["--b", named("a"), "", "1234", "--b--"], "the field 'a' has more than 3 bytes"),
            (["--b", named("\"a\u{1B}[1m\""), "", "1234", "--b--"], "the field 'a\\u{1B}[1m' has more than 3 bytes"),
            (["--b", named("f") + "; filename=x", "", "123456"], "the file 'f' has more than 5 bytes"),
            (part + ["--b--", String(repeating: "e", count: 300)], "the body has more than 300 bytes"),
        ]
        for (lines, message) in cases {
            #expect(failure(lines, limits: Self.small) == Failure(kind: .tooLarge, message: message))
        }
        #expect(
            failure([String(repeating: "p", count: 65), "--b--"], limits: Self.small)
                == Failure(kind: .malformed, message: "the body has no boundary in its first 64 bytes"))
    }

    @Test("of a million tiny parts the sixty-fifth is refused, and nothing after it is read")
    func many() {
        var parser = MultipartParser(boundary: "b")
        let part = Array("--b\r\n\(header)\r\n\r\nx\r\n".utf8)
        var pushed = 0, given = 0
        let expected = Failure(kind: .tooLarge, message: "the body has more than 64 parts")
        let failure = #expect(throws: Failure.self) {
            for _ in 0..<1_000_000 {
                pushed += 1
                given += try parser.push(part).count
            }
        }
        #expect(failure == expected)
        #expect(pushed == 65 && given == 63)
        #expect(throws: expected) { try parser.push("--b--".utf8) }
        #expect(throws: expected) { try parser.finish() }
    }

    @Test(
        "a boundary is read from any spelling of the type",
        arguments: [
            ("multipart/form-data; boundary=abc", "abc"), ("Multipart/Form-Data;BOUNDARY=\"a b\"", "a b"),
            ("multipart/form-data; charset=utf-8; boundary=----WebKitFormBoundary7MA4", "----WebKitFormBoundary7MA4"),
            ("multipart/form-data ; boundary=\"x:=?/,().'+_\" ; charset=\"a;b\"", "x:=?/,().'+_"), ("multipart/form-data; boundary=a;", "a"),
        ])
    func boundary(type: String, boundary: String) { #expect(MultipartParser.boundary(contentType: type) == boundary) }

    @Test(
        "any other type has none",
        arguments: [
            "", "multipart/form-data", "multipart/form-data; boundary", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"",
            "multipart/form-data; boundary=\"a", "multipart/form-data; boundary=\"a \"", "multipart/form-data; boundary=a b",
            "multipart/form-data; boundary=a; boundary=a", "multipart/form-data; boundary=\"a\r\nb\"", "multipart/form-data; boundary=\"é\"",
            "multipart/form-data; boundary=a%b", "multipart/mixed; boundary=a", "application/json; boundary=a", "multipart/form-data boundary=a",
            "multipart/form-data; boundary=" + String(repeating: "a", count: 71),
        ])
    func noBoundary(type: String) { #expect(MultipartParser.boundary(contentType: type) == nil) }

    @Test("two thousand damaged bodies end in parts or a failure, the same however they are cut, and give no more bytes than they had")
    func damaged() {
        var random = SplitMix(state: 7)
        for round in 0..<2_000 {
            let client = Self.clients[round % Self.clients.count]
            var body = Self.body(client)
            for _ in 0...Int.random(in: 0..<4, using: &random) {
                let place = Int.random(in: 0..<max(1, body.count), using: &random)
                let end = min(body.count, place + Int.random(in: 1..<40, using: &random))
                guard place < end else { continue }
                switch Int.random(in: 0..<6, using: &random) {
                case 0: body[place] = UInt8.random(in: 0...255, using: &random)
                case 1: body.removeSubrange(place..<end)
                case 2: body.insert(contentsOf: body[place..<end], at: Int.random(in: 0...body.count, using: &random))
                case 3: body.insert(contentsOf: "\r\n--\(client.boundary)".utf8, at: place)
                case 4: body.insert([10, 13, 45, 34].randomElement(using: &random)!, at: place)
                default: body.removeSubrange(end...)
                }
            }
            let size = Int.random(in: 1..<50, using: &random)
            let results = [Int.max, size].map { size in
                Result { () throws(Failure) in try parse(body, boundary: client.boundary, size: size) }
            }
            #expect(results[0] == results[1], "round \(round)")
            if case .success(let parts) = results[0] { #expect(parts.reduce(0) { $0 + $1.bytes.count } <= body.count) }
        }
    }
}

/// The same numbers in every run.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
