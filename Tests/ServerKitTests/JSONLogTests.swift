import ArgumentParser
import Foundation
import Logging
import ServerKit
import Testing

@Suite struct JSONLogTests {
    private func line(_ message: String, _ fields: Logger.Metadata = [:]) -> String {
        JSONLogHandler.line(Date(timeIntervalSince1970: 1_764_300_000.25), .info, "glm-text", message, fields)
    }

    private func object(_ line: String) throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
        return try #require(value as? [String: Any])
    }

    @Test("a line is an object with time, level, logger, message and what else is told")
    func fields() throws {
        #expect(
            line("call", ["request": "r", "ms": "\(3)", "parts": ["a", "b"], "of": ["x": "y"]])
                == #"{"time":"2025-11-28T03:20:00.250Z","level":"info","logger":"glm-text","message":"call","ms":"3","of":{"x":"y"},"parts":["a","b"],"request":"r"}"#
        )
    }

    @Test("what strangers wrote ends no line, does nothing to a terminal, and is read as it was written")
    func harmless() throws {
        let text = "a\"b\\c\r\n\u{0}\u{1B}[31m\u{7F}\u{9B}\u{2028}\u{202E}圆🍎"
        let line = line(text, ["k\n": "\(text)"])
        #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) && !(0x2028...0x202E).contains($0.value) })
        let object = try object(line)
        #expect(object["message"] as? String == text && object["k\n"] as? String == text)
    }

    @Test("no field takes the place of the line's own")
    func own() throws {
        let object = try object(line("m", ["message": "other", "level": "error"]))
        #expect(object["message"] as? String == "m" && object["level"] as? String == "info")
        #expect(object["metadata.message"] as? String == "other" && object["metadata.level"] as? String == "error")
    }

    @Test("a line has a bound, and stays an object: long texts are cut, and fields that do not fit are left out")
    func bound() throws {
        let long = String(repeating: "\u{1}", count: 5000)
        let line = line(long, ["a": "\(long)", "b": "\(long)", "c": "short", "trace": "t"])
        #expect(line.utf8.count <= 8 << 10)
        let object = try object(line)
        #expect((object["message"] as? String)?.utf8.count == 1024 && object["c"] as? String == "short" && object["trace"] as? String == "t")
    }

    @Test("the format is named by a flag, and others are refused")
    func flag() throws {
        #expect(try ServerOptions.parse(["--log-format", "json"]).logFormat == .json && ServerOptions.parse([]).logFormat == .text)
        #expect(throws: (any Error).self) { try ServerOptions.parse(["--log-format", "xml"]) }
    }
}
