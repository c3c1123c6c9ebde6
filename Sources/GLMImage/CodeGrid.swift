/// Extents of a grid of tokens; one token stands for 32 × 32 pixels.
public struct GridSize: Sendable, Hashable {
    public var height: Int
    public var width: Int
    public var count: Int { height * width }

    public init(height: Int, width: Int) {
        self.height = height
        self.width = width
    }
}

/// A picture as the autoregressive model writes it: codes of the VQ codebook in raster order.
public struct CodeGrid: Sendable, Hashable {
    public let height: Int
    public let width: Int
    /// `height × width` codes.
    public let codes: [Int32]

    public init(height: Int, width: Int, codes: [Int32]) {
        precondition(codes.count == height * width, "\(codes.count) codes for a grid of \(height) × \(width)")
        self.height = height
        self.width = width
        self.codes = codes
    }

    public var size: GridSize { GridSize(height: height, width: width) }

    /// Each code twice in both directions: from one per 32 × 32 pixels to one per DiT token of 16 × 16.
    public var doubled: [Int32] {
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
