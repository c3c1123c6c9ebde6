/// Rows and columns of a grid of codes; one cell covers 32 × 32 pixels.
public struct GridSize: Sendable, Hashable {
    public var height: Int
    public var width: Int
    public var count: Int { height * width }

    public init(height: Int = 0, width: Int = 0) {
        self.height = height
        self.width = width
    }
}

/// An image as the text stage writes it and the vision stage reads it: codes of the VQ codebook in raster order.
public struct CodeGrid: Sendable, Hashable {
    public let height: Int
    public let width: Int
    /// `[height × width]`
    public let codes: [Int32]

    public var size: GridSize { GridSize(height: height, width: width) }

    /// Codes that this program computed: their number is right, or the program is wrong.
    public init(_ size: GridSize, codes: [Int32]) {
        precondition(codes.count == size.count, "\(codes.count) codes for a grid of \(size.height) × \(size.width)")
        height = size.height
        width = size.width
        self.codes = codes
    }

    /// Codes from elsewhere. Refuses a grid whose extents disagree with its codes.
    public init(height: Int, width: Int, codes: [Int32]) throws(RequestError) {
        // Sides first: their product could overflow.
        let sides = 1...RequestLimits.sides.upperBound
        guard sides.contains(height), sides.contains(width), codes.count == height * width else {
            throw RequestError("codes has \(codes.count) elements for height \(height), width \(width)")
        }
        self.init(GridSize(height: height, width: width), codes: codes)
    }
}
