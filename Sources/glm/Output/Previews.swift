import Domain
import Files
import Foundation
import Imaging
import ServerKit
import Terminal
import Wire

/// Shows the partial images of a picture: in the terminal where it can, else in files beside the picture.
struct Previews: Sendable {
    /// As many as may be asked for.
    static var count: Int { RequestLimits.partialImages.upperBound }

    /// How the terminal shows images; nil: it does not, or standard error is none.
    static var graphics: TerminalGraphics? {
        StandardStream.error.isTerminal ? TerminalGraphics(environment: ProcessInfo.processInfo.environment) : nil
    }

    let picture: OutputFile
    let screen: Screen

    /// A preview that can't be shown costs nobody the picture: the reason is told.
    func show(_ partial: PartialImage) {
        do {
            guard let graphics = Self.graphics else { return try write(partial) }
            screen.insert(try graphics.text(RGBImage(decoding: partial.image)))
        } catch {
            screen.insert(TextLocale.current.spelled("preview \(partial.index + 1): \(error)".printable))
        }
    }

    private func write(_ partial: PartialImage) throws {
        let target = picture.preview(partial.index)
        try target.write(partial.image)
        screen.insert(TextLocale.current.spelled("preview \(partial.index + 1): \(target.path)".printable))
    }
}
