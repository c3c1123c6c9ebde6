/// By how much the heads of some rows turn.
public struct Rotation: Sendable {
    public let style: RotaryStyle
    /// `[rows, angles]`, f32: angle i turns the pair of elements that `style` says.
    public let cosine, sine: Tensor

    public init(_ style: RotaryStyle, cosine: Tensor, sine: Tensor) {
        precondition(cosine.rows == sine.rows && cosine.columns == sine.columns, "cosines \(cosine.shape), sines \(sine.shape)")
        self.style = style
        self.cosine = cosine
        self.sine = sine
    }

    public var rows: Int { cosine.rows }
    public var angles: Int { cosine.columns }

    /// Traps unless the last rows of `x [rows, heads · headSize]`, as many as there are angles for, can turn.
    package func checkArguments(_ x: Tensor, headSize: Int) {
        precondition(
            headSize > 0 && x.columns % headSize == 0 && rows <= x.rows && 2 * angles <= headSize,
            "\(x.shape) in heads of \(headSize) rotated by \(cosine.shape)")
    }
}
