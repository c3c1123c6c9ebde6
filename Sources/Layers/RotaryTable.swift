import Foundation
package import Tensor

/// Cosines and sines of the angles by which the heads of each row are rotated: `[rows, pairs]`, f32 each.
package struct RotaryTable {
    package let cosine, sine: Tensor

    package init(cosine: Tensor, sine: Tensor) {
        self.cosine = cosine
        self.sine = sine
    }

    /// Memory for up to `rows` rows, with undefined contents.
    package init(rows: Int, pairs: Int, on device: any Device) {
        self.init(cosine: device.makeTensor(Shape(rows, pairs), .f32), sine: device.makeTensor(Shape(rows, pairs), .f32))
    }

    /// The first `rows` rows, in the same memory.
    package func prefix(rows: Int) -> RotaryTable {
        RotaryTable(cosine: cosine.prefix(Shape(rows, cosine.columns)), sine: sine.prefix(Shape(rows, sine.columns)))
    }

    /// Some of the rows, in the same memory.
    package func rows(_ range: Range<Int>) -> RotaryTable { RotaryTable(cosine: cosine.rows(range), sine: sine.rows(range)) }

    /// Writes the cosines and sines of `angles [rows, pairs]`, row by row.
    package func write(_ angles: [Float], on device: any Device) {
        device.write(angles.map { cosf($0) }, to: cosine)
        device.write(angles.map { sinf($0) }, to: sine)
    }

    /// By these angles.
    package func rotation(_ style: RotaryStyle) -> Rotation { Rotation(style, cosine: cosine, sine: sine) }
}
