/// The weights of one axis of a resize, in the fixed point that PIL computes with.
///
/// Reference: Pillow's `Resample.c`: the Catmull–Rom cubic (a = −0.5), widened by the scale when shrinking, its weights
/// normalised in double precision, then rounded to 22 bits after the point.
struct BicubicKernel {
    static let precision: Int32 = 22

    /// For each target position where its source positions begin, and how many there are.
    private(set) var spans: [(start: Int, count: Int)] = []
    /// `[target, stride]`
    private(set) var weights: [Int32] = []
    let stride: Int

    init(source: Int, target: Int) {
        let scale = Double(source) / Double(target)
        let filterScale = max(scale, 1)
        let support = 2 * filterScale
        stride = Int(support.rounded(.up)) * 2 + 1
        weights = [Int32](repeating: 0, count: target * stride)
        spans.reserveCapacity(target)
        var exact = [Double](repeating: 0, count: stride)
        for position in 0..<target {
            let center = (Double(position) + 0.5) * scale
            let start = max(0, Int(center - support + 0.5))
            let end = min(source, Int(center + support + 0.5))
            var sum = 0.0
            for offset in 0..<(end - start) {
                exact[offset] = Self.cubic((Double(offset + start) - center + 0.5) * (1 / filterScale))
                sum += exact[offset]
            }
            for offset in 0..<(end - start) {
                let weight = (sum == 0 ? exact[offset] : exact[offset] / sum) * Double(1 << Self.precision)
                weights[position * stride + offset] = Int32(weight < 0 ? weight - 0.5 : weight + 0.5)
            }
            spans.append((start, end - start))
        }
    }

    private static func cubic(_ signed: Double) -> Double {
        let a = -0.5
        let x = abs(signed)
        if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
        return 0
    }

    /// A weighted sum back to a byte; the half is already in the sum.
    static func byte(_ sum: Int32) -> UInt8 { UInt8(clamping: sum >> precision) }
    static let half: Int32 = 1 << (precision - 1)
}
