/// The position of a token on the decoder's three axes; a text token has the same position on all of them.
package struct RotaryPosition: Sendable, Hashable {
    package var temporal: Int
    package var height: Int
    package var width: Int

    package init(temporal: Int, height: Int, width: Int) {
        self.temporal = temporal
        self.height = height
        self.width = width
    }

    package init(text position: Int) { self.init(temporal: position, height: position, width: position) }

    /// The position on axis 0 (temporal), 1 (height) or 2 (width).
    package subscript(axis: Int) -> Int {
        switch axis {
        case 0: temporal
        case 1: height
        default: width
        }
    }
}
