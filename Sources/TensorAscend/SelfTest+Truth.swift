import Foundation

// The same on the host, in f64.

extension SelfTest {
    /// Numbers in −1 … 1 that look random and are the same each time.
    func noise(_ count: Int, _ seed: UInt64) -> [Float] {
        var state = seed &* 0x9e37_79b9_7f4a_7c15
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int32(truncatingIfNeeded: state >> 33)) / Float(1 << 30) - 1
        }
    }

    func error(_ values: [Float], _ truth: [Double]) -> Double {
        var (worst, largest) = (0.0, Double.leastNormalMagnitude)
        for (value, true_) in zip(values, truth) {
            guard value.isFinite else { return .infinity }
            worst = max(worst, abs(Double(value) - true_))
            largest = max(largest, abs(true_))
        }
        return worst / largest
    }

    func rows(_ x: [Float], _ columns: Int, _ map: ([Double]) -> [Double]) -> [Double] {
        stride(from: 0, to: x.count, by: columns).flatMap { map(x[$0..<$0 + columns].map(Double.init)) }
    }

    func standardized(_ row: [Double]) -> [Double] { standardized(row, epsilon: 1e-5) }

    func standardized(_ row: [Double], epsilon: Double) -> [Double] {
        let mean = row.reduce(0, +) / Double(row.count)
        let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
        return row.map { ($0 - mean) / (variance + epsilon).squareRoot() }
    }

    func dot(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }

    func geluTanh(_ x: Double) -> Double { 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x))) }
}
