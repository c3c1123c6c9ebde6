import ModelTools
import TestSupport
import Testing

@Suite struct RowQuantizationTests {
    private func quantize(_ row: [Float]) -> (elements: [Int8], scale: Float?) {
        var scale: Float?
        let elements = [Int8](unsafeUninitializedCapacity: row.count) { buffer, count in
            scale = row.withUnsafeBufferPointer {
                RowQuantization.quantize($0, into: UnsafeMutableBufferPointer(rebasing: buffer[..<row.count]))
            }
            count = row.count
        }
        return (elements, scale)
    }

    private func holds(_ row: [Float], _ elements: [Int8], _ scale: Float) -> Bool {
        row.withUnsafeBufferPointer { row in elements.withUnsafeBufferPointer { RowQuantization.holds(row, $0, scale: scale) } }
    }

    @Test(
        "every weight is within half a step, the largest is 127 of them, and one step more is noticed",
        arguments: [
            [1, -0.5, 0.25, 0.003, -0.004], [0, 0, 0], [3e38, -3e38, 1],
            [Float(bitPattern: 1), -1e-38, 0], [127, 63.5, 0.5, 1.5, -2.5], [-3e-38, 1e-38],
        ])
    func bound(row: [Float]) throws {
        let (elements, found) = quantize(row)
        let scale = try #require(found)
        #expect(scale.isNormal && holds(row, elements, scale))
        #expect(elements.allSatisfy { $0 >= -127 })
        for index in row.indices {
            var wrong = elements
            wrong[index] = wrong[index] > 0 ? wrong[index] - 1 : wrong[index] + 1
            // In the middle between two steps both are right.
            let quotient = row[index] / scale
            #expect(!holds(row, wrong, scale) || abs(quotient - quotient.rounded()) > 0.4999, "\(index)")
        }
    }

    @Test("a row with a value that is infinite or not a number has no scale")
    func notFinite() {
        for value in [Float.nan, .infinity, -.infinity] { #expect(quantize([1, value, 2]).scale == nil) }
    }
}
