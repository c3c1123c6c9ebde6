import Foundation

/// How one row of a reference file compares.
public struct Verdict: Sendable, Codable {
    public enum Outcome: String, Sendable, Codable {
        case holds
        case fails
        /// The group is not in the reference file.
        case absent
    }

    /// The tensor's name in the reference file.
    public let name: String
    public let outcome: Outcome
    /// The largest error, in the unit of `limit`.
    public let error: Double?
    public let limit: Double?
    /// What the error is relative to, or what went wrong.
    public let detail: String
}

extension Verdict {
    static func absent(_ name: String) -> Verdict {
        Verdict(name: name, outcome: .absent, error: nil, limit: nil, detail: "not in the reference")
    }

    static func failure(_ name: String, _ error: any Error) -> Verdict {
        Verdict(name: name, outcome: .fails, error: nil, limit: nil, detail: "\(error)")
    }

    /// Whole numbers: equal or wrong.
    static func equal(_ name: String, _ ours: [Int], _ theirs: [Int]) -> Verdict {
        guard ours.count == theirs.count else { return mismatch(name, ours.count, theirs.count) }
        let wrong = zip(ours, theirs).enumerated().filter { $0.element.0 != $0.element.1 }
        let detail = wrong.first.map { "first at \($0.offset): \($0.element.0), reference \($0.element.1)" } ?? "all \(ours.count) equal"
        return Verdict(name: name, outcome: wrong.isEmpty ? .holds : .fails, error: Double(wrong.count), limit: 0, detail: detail)
    }

    /// The largest difference over the reference's largest magnitude.
    static func relative(_ name: String, _ ours: [Float], _ theirs: [Float], limit: Double) -> Verdict {
        guard ours.count == theirs.count else { return mismatch(name, ours.count, theirs.count) }
        let scale = theirs.reduce(0) { max($0, abs($1)) }
        let error = Double(largestDifference(ours, theirs)) / Double(max(scale, .leastNormalMagnitude))
        return Verdict(name: name, outcome: error <= limit ? .holds : .fails, error: error, limit: limit, detail: "of max |reference| \(scale)")
    }

    /// The largest difference itself.
    static func absolute(_ name: String, _ ours: [Float], _ theirs: [Float], limit: Double, detail: String) -> Verdict {
        guard ours.count == theirs.count else { return mismatch(name, ours.count, theirs.count) }
        let error = Double(largestDifference(ours, theirs))
        return Verdict(name: name, outcome: error <= limit ? .holds : .fails, error: error, limit: limit, detail: detail)
    }

    /// Pictures: within 2 of 255 everywhere and 0.5 on average, or by PSNR where the arithmetic is not the reference's.
    static func picture(_ name: String, _ ours: [UInt8], _ theirs: [UInt8], _ tolerance: Tolerance) -> Verdict {
        guard ours.count == theirs.count else { return mismatch(name, ours.count, theirs.count) }
        let differences = zip(ours, theirs).map { abs(Double($0) - Double($1)) }
        let largest = differences.max() ?? 0
        let mean = differences.reduce(0, +) / Double(max(differences.count, 1))
        let square = differences.reduce(0) { $0 + $1 * $1 } / Double(max(differences.count, 1))
        let psnr = square == 0 ? 99 : 10 * log10(255 * 255 / square)
        let holds = tolerance.isExact ? largest <= 2 && mean <= 0.5 : psnr >= 30
        return Verdict(
            name: name, outcome: holds ? .holds : .fails, error: largest, limit: tolerance.isExact ? 2 : nil,
            detail: String(format: "of 255; mean %.4f, PSNR %.1f dB", mean, psnr))
    }

    private static func mismatch(_ name: String, _ ours: Int, _ theirs: Int) -> Verdict {
        Verdict(name: name, outcome: .fails, error: nil, limit: nil, detail: "\(ours) elements, the reference has \(theirs)")
    }

    /// NaN where either side is, so that no comparison with it holds.
    private static func largestDifference(_ ours: [Float], _ theirs: [Float]) -> Float {
        var largest: Float = 0
        for (a, b) in zip(ours, theirs) {
            let difference = abs(a - b)
            if difference.isNaN { return .nan }
            largest = max(largest, difference)
        }
        return largest
    }
}
