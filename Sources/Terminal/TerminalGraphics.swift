import Foundation
package import Imaging

/// How a terminal shows images: one of three protocols.
package enum TerminalGraphics: Hashable, Sendable {
    /// kitty, Ghostty.
    case kitty
    /// iTerm2, WezTerm, mintty: OSC 1337.
    case iTerm
    /// foot, mlterm, Contour and others that say so.
    case sixel

    /// What the terminal says of itself; nil: it shows no images, or does not say that it does. It is not asked: who does not answer would
    /// be waited for, and who answers late would seem to type.
    package init?(environment: [String: String]) {
        let kind = environment["TERM"] ?? "", program = environment["TERM_PROGRAM"] ?? ""
        func isSet(_ name: String) -> Bool { environment[name]?.isEmpty == false }
        // Multiplexers draw the screen themselves, and know no images.
        if ["TMUX", "STY", "ZELLIJ"].contains(where: isSet) || ["screen", "tmux"].contains(where: kind.hasPrefix) { return nil }
        if isSet("KITTY_WINDOW_ID") || ["xterm-kitty", "xterm-ghostty"].contains(kind) || program == "ghostty" {
            self = .kitty
        } else if ["iTerm.app", "WezTerm", "mintty"].contains(program) || environment["LC_TERMINAL"] == "iTerm2" {
            self = .iTerm
        } else if kind.contains("sixel") || ["foot", "mlterm", "contour", "yaft"].contains(where: kind.hasPrefix) {
            self = .sixel
        } else {
            return nil
        }
    }

    /// What shows the image where the cursor is, and leaves the cursor below or behind it.
    package func text(_ image: RGBImage) throws(ImageError) -> String {
        switch self {
        case .kitty: Self.kitty(try image.png(), columns: Self.columns(image))
        case .iTerm: Self.iTerm(try image.png(), columns: Self.columns(image))
        case .sixel: Sixel.text(image.fitted(into: Self.sixelSide))
        }
    }

    /// Pixels of the longer side; sixels have no other size than their own.
    private static let sixelSide = 320
    private static let mostColumns = 32, mostLines = 24

    /// A cell is about twice as high as wide.
    private static func columns(_ image: RGBImage) -> Int { max(1, min(mostColumns, mostLines * 2 * image.width / max(image.height, 1))) }

    /// In pieces of 4096 characters; `q=2`: the terminal does not answer.
    private static func kitty(_ png: [UInt8], columns: Int) -> String {
        var rest = Data(png).base64EncodedString()[...], text = "", head = "a=T,f=100,q=2,c=\(columns),"
        while !rest.isEmpty {
            let piece = rest.prefix(4096)
            rest = rest.dropFirst(piece.count)
            text += "\u{1B}_G\(head)m=\(rest.isEmpty ? 0 : 1);\(piece)\u{1B}\\"
            head = ""
        }
        return text
    }

    private static func iTerm(_ png: [UInt8], columns: Int) -> String {
        "\u{1B}]1337;File=inline=1;size=\(png.count);width=\(columns):\(Data(png).base64EncodedString())\u{7}"
    }
}

extension RGBImage {
    /// Smaller where its longer side is above this; the sides in proportion.
    fileprivate func fitted(into side: Int) -> RGBImage {
        let longer = max(width, height)
        guard longer > side else { return self }
        return resized(width: max(1, width * side / longer), height: max(1, height * side / longer))
    }
}
