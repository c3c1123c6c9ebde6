import Foundation
import Imaging
import Terminal
import Testing

@Suite struct TerminalGraphicsTests {
    @Test("a terminal shows images by the protocol that it is known for, and none inside a multiplexer or where it says nothing")
    func detection() {
        for (environment, expected) in [
            (["TERM": "xterm-kitty"], .kitty), (["TERM": "xterm-256color", "KITTY_WINDOW_ID": "3"], .kitty), (["TERM_PROGRAM": "ghostty"], .kitty),
            (["TERM_PROGRAM": "iTerm.app"], .iTerm), (["TERM_PROGRAM": "WezTerm", "TERM": "xterm-256color"], .iTerm),
            (["LC_TERMINAL": "iTerm2", "TERM": "xterm-256color"], .iTerm), (["TERM": "foot"], .sixel), (["TERM": "xterm-sixel"], .sixel),
            (["TERM": "xterm-256color"], nil), (["TERM": "xterm-256color", "KITTY_WINDOW_ID": ""], nil), ([:], nil),
            (["TERM": "xterm-kitty", "TMUX": "socket,1,0"], nil), (["TERM": "screen.xterm-256color", "LC_TERMINAL": "iTerm2"], nil),
        ] as [([String: String], TerminalGraphics?)] {
            #expect(TerminalGraphics(environment: environment) == expected, "\(environment)")
        }
    }

    /// Noise, so that its file is long.
    private static let noise: RGBImage = {
        var state: UInt32 = 1
        let pixels = (0..<64 * 96 * 3).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(state >> 24)
        }
        return RGBImage(width: 64, height: 96, pixels: pixels)
    }()

    @Test("kitty gets the image as a PNG in pieces of 4096 characters at most, all but the last say that more follows, and it is told not to answer")
    func kitty() throws {
        let pieces = try TerminalGraphics.kitty.text(Self.noise).split(separator: "\u{1B}\\").map { $0.dropFirst(3).split(separator: ";") }
        #expect(pieces.count > 2 && pieces.allSatisfy { $0.count == 2 && $0[1].count <= 4096 })
        #expect(pieces.first?.first == "a=T,f=100,q=2,c=32,m=1")
        #expect(pieces.dropFirst().map { String($0[0]) } == Array(repeating: "m=1", count: pieces.count - 2) + ["m=0"])
        let file = try #require(Data(base64Encoded: pieces.map { $0[1] }.joined()))
        #expect(try RGBImage(decoding: [UInt8](file)) == Self.noise)
    }

    @Test("iTerm2 gets it in one piece, with its size")
    func iTerm() throws {
        let text = try TerminalGraphics.iTerm.text(Self.noise)
        let parts = text.dropFirst().dropLast().split(separator: ":")
        let file = try #require(Data(base64Encoded: String(parts[1])))
        #expect(text.first == "\u{1B}" && text.last == "\u{7}")
        #expect(parts[0] == "]1337;File=inline=1;size=\(file.count);width=32")
        #expect(try RGBImage(decoding: [UInt8](file)) == Self.noise)
    }

    @Test("sixels are bands of six lines, each colour of a band in a pass of its own, equal columns counted")
    func sixel() throws {
        // Red, but for a blue pixel in the second line, and seven lines high.
        var image = RGBImage(width: 4, height: 7, pixels: (0..<28).flatMap { _ in [255, 0, 0] as [UInt8] })
        image.pixels.replaceSubrange(15..<18, with: [0, 0, 255])
        #expect(
            try TerminalGraphics.sixel.text(image)
                == "\u{1B}P0;1q\"1;1;4;7#5;2;0;0;100#180;2;100;0;0#5!1?!1A!2?$#180!1~!1|!2~-#180!4@-\u{1B}\\")
    }

    @Test("a large image is made smaller for sixels, in proportion")
    func fitted() throws {
        let large = RGBImage(width: 640, height: 320, pixels: [UInt8](repeating: 128, count: 640 * 320 * 3))
        #expect(try TerminalGraphics.sixel.text(large).hasPrefix("\u{1B}P0;1q\"1;1;320;160#"))
    }
}
