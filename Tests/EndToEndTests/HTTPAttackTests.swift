import Foundation
import TestSupport
import Testing
import Wire

/// What strangers send to the HTTP server of a real gateway. Whatever it is, others get their images afterwards.
@Suite(.timeLimit(.minutes(3)), .serialized) struct HTTPAttackTests {
    private static let post = "POST /v1/images/generations HTTP/1.1\r\n"
    private static let host = "Host: localhost\r\n"
    private static let json = "Content-Type: application/json\r\n"
    private static let body = #"{"prompt":"a cat","size":"64x64","num_inference_steps":2,"seed":3}"#

    private static func length(_ count: Int) -> String { "Content-Length: \(count)\r\n" }

    private func start() async throws -> (fleet: RunningFleet, port: Int) {
        let fleet = try await RunningFleet.start(
            "all", ["--exit-with-parent", "--model", Binaries.questionModel, "--http", "127.0.0.1:0"])
        let line = try await fleet.program.error { $0.contains("served over HTTP") }
        let port = try #require(line.firstMatch(of: /http:\/\/[0-9.]+:(\d+)/)?.1)
        return (fleet, try #require(Int(port)))
    }

    /// A good request is answered, nothing is being computed, and no descriptor more is open than there was before.
    private func expectWell(_ fleet: RunningFleet, _ port: Int, descriptors: Int) async throws {
        let connection = try RawConnection(port: port)
        connection.send(Self.post + Self.host + Self.json + Self.length(Self.body.utf8.count) + "Connection: close\r\n\r\n" + Self.body)
        #expect(await connection.read().hasPrefix("HTTP/1.1 200"))
        try await fleet.waitForStages { $0.allSatisfy { $0.inFlight == 0 } }
        while try self.descriptors(fleet) > descriptors + 2 { try await Task.sleep(for: .milliseconds(20)) }
    }

    private func descriptors(_ fleet: RunningFleet) throws -> Int {
        let gateway = try #require(fleet.processes("glm-gateway").first)
        return try FileManager.default.contentsOfDirectory(atPath: "/proc/\(gateway)/fd").count
    }

    @Test("what is no request as it must be is refused with its status")
    func malformed() async throws {
        let (fleet, port) = try await start()
        let descriptors = try descriptors(fleet)
        let models = "GET /v1/models HTTP/1.1\r\n"
        let requests: [(String, status: String)] = [
            (models + "\r\n", "400"), (models + Self.host + Self.host + "\r\n", "400"), (models + "Host: attacker.example\r\n\r\n", "403"),
            (models + Self.host + "X: " + String(repeating: "a", count: 100_000) + "\r\n\r\n", "400"),
            (models + Self.host + String(repeating: "X: a\r\n", count: 200) + "\r\n", "400"),
            (Self.post + Self.host + Self.json + "Transfer-Encoding: xchunked\r\n\r\n" + Self.body, "501"),
            (Self.post + Self.host + Self.json + "Content-Encoding: gzip\r\n" + Self.length(3) + "\r\nabc", "415"),
            (Self.post + Self.host + Self.json + "Content-Length: abc\r\n\r\n", "400"),
            (Self.post + Self.host + Self.json + "Content-Length: -5\r\n\r\n", "400"),
            (Self.post + Self.host + Self.json + Self.length(1_000_000_000_000) + "\r\nabc", "413"),
            (Self.post + Self.host + Self.json + Self.length(200_000) + "\r\n" + String(repeating: "[", count: 200_000), "400"),
            (Self.post + Self.host + Self.json + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "400"),
            (Self.post + Self.host + Self.json + Self.length(3) + "Expect: something\r\n\r\nabc", "417"),
            ("\u{0}\u{1}\u{2}\r\n\r\n", "400"),
        ]
        for (request, status) in requests {
            let connection = try RawConnection(port: port)
            connection.send(request)
            let answer = await connection.read { $0.contains("\r\n\r\n") }
            #expect(answer.hasPrefix("HTTP/1.1 \(status)"), "\(request.prefix(120)): \(answer.prefix(200))")
        }
        try await expectWell(fleet, port, descriptors: descriptors)
        await fleet.stop()
    }

    @Test("an image of 65,535 pixels a side, or a part of one, is refused before it is decoded; one of a single pixel is drawn from")
    func images() async throws {
        let (fleet, port) = try await start()
        let descriptors = try descriptors(fleet)
        // The first 33 bytes of a PNG file are its header; nothing behind it is needed to refuse it.
        let file = try Data(contentsOf: URL(fileURLWithPath: Binaries.image("grey.png")))
        for image in [Self.png(file, width: 65_535, height: 1), Self.png(file, width: 65_535, height: 65_535), file.prefix(60)] {
            let url = "data:image/png;base64," + image.base64EncodedString()
            let question = #"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"\#(url)"}}]}]}"#
            for (path, body) in [("/v1/images/edits", #"{"prompt":"x","image":"\#(url)"}"#), ("/v1/chat/completions", question)] {
                let connection = try RawConnection(port: port)
                connection.send(
                    "POST \(path) HTTP/1.1\r\n" + Self.host + Self.json + Self.length(body.utf8.count) + "Connection: close\r\n\r\n" + body)
                let answer = await connection.read()
                #expect(answer.hasPrefix("HTTP/1.1 400") && answer.contains("\"code\""), "\(path): \(answer.prefix(600))")
            }
        }
        let pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
        let edit = #"{"prompt":"x","image":"\#(pixel)","size":"64x64","num_inference_steps":2}"#
        let connection = try RawConnection(port: port)
        connection.send(
            "POST /v1/images/edits HTTP/1.1\r\n" + Self.host + Self.json + Self.length(edit.utf8.count) + "Connection: close\r\n\r\n" + edit)
        let answer = await connection.read()
        #expect(answer.hasPrefix("HTTP/1.1 200"), "\(answer.prefix(600))")
        try await expectWell(fleet, port, descriptors: descriptors)
        await fleet.stop()
    }

    /// A file with another size in its header, and the checksum that goes with it.
    private static func png(_ file: Data, width: UInt32, height: UInt32) -> Data {
        var bytes = [UInt8](file)
        for (offset, value) in [(16, width), (20, height)] {
            withUnsafeBytes(of: value.bigEndian) { bytes.replaceSubrange(offset..<offset + 4, with: $0) }
        }
        var crc: UInt32 = .max
        for byte in bytes[12..<29] {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
        }
        withUnsafeBytes(of: (~crc).bigEndian) { bytes.replaceSubrange(29..<33, with: $0) }
        return Data(bytes)
    }

    @Test("who breaks off, wherever it is, and whose bytes are damaged, hurt nobody")
    func leavers() async throws {
        let (fleet, port) = try await start()
        let descriptors = try descriptors(fleet)
        var random = SeededRandom("HTTP leavers")
        let whole = Array((Self.post + Self.host + Self.json + Self.length(Self.body.utf8.count) + "\r\n" + Self.body).utf8)
        let form =
            "POST /v1/images/edits HTTP/1.1\r\n" + Self.host + "Content-Type: multipart/form-data; boundary=x\r\nTransfer-Encoding: chunked\r\n\r\n"
        for _ in 0..<300 {
            let connection = try RawConnection(port: port)
            switch random.next() % 5 {
            case 0: connection.send(Array(whole[..<Int.random(in: 1..<whole.count, using: &random)]))
            case 1:
                connection.send(whole)
                connection.finishSending()
            case 2: connection.send(form + "5\r\n--x\r\n\r\n")
            case 3: connection.send("POST /v1/chat/completions HTTP/1.1\r\n" + Self.host + Self.json + Self.length(100 << 20) + "\r\n{")
            default:
                var damaged = whole
                for _ in 0..<4 { damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random) }
                connection.send(damaged)
            }
            if Bool.random(using: &random) { connection.resetAtEnd() }
        }
        try await expectWell(fleet, port, descriptors: descriptors)
        await fleet.stop()
    }

    @Test("more connections than are taken, all silent, end, and then others are served")
    func silentConnections() async throws {
        let (fleet, port) = try await start()
        let descriptors = try descriptors(fleet)
        // Of this process: the usual soft limit is 1,024.
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = min(limit.rlim_max, 4096)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        var silent: [RawConnection] = []
        for _ in 0..<1_100 { silent.append(try RawConnection(port: port)) }
        try await expectWell(fleet, port, descriptors: descriptors)
        #expect(silent.count == 1_100)
        await fleet.stop()
    }
}
