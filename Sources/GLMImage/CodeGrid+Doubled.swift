package import Domain

extension CodeGrid {
    /// Each code twice in both directions: from one per 32 × 32 pixels to one per DiT token of 16 × 16.
    package var doubled: [Int32] {
        var result: [Int32] = []
        result.reserveCapacity(codes.count * 4)
        for row in 0..<height {
            let line = codes[row * width..<(row + 1) * width].flatMap { [$0, $0] }
            result += line
            result += line
        }
        return result
    }
}
