/// How a question model resizes images, which decides how many tokens each of them takes: known from the image's header, before any work.
///
/// Reference: transformers 5.23 `smart_resize` of `image_processing_pil_glm4v.py`.
public struct ImageSizeRule: Sendable, Hashable {
    /// Side in pixels of a cell, which is one token.
    public let cellSide: Int
    /// A still counts as so many: as a patch has.
    public let frames: Int
    /// Bounds of frames × height × width after the resize.
    public let minPixels, maxPixels: Int

    /// What becomes of an image.
    public struct Size: Sendable, Hashable {
        /// After the resize, in pixels: multiples of a cell's side.
        public let height, width: Int
        /// Cells, each of which is one token.
        public let grid: GridSize

        public var tokens: Int { grid.count }
    }

    /// - Throws: for numbers that are not positive, or so large that products of them could overflow.
    public init(cellSide: Int, frames: Int, minPixels: Int, maxPixels: Int) throws(RequestError) {
        guard (1...Self.sides.upperBound).contains(cellSide), (1...64).contains(frames), (1...Self.mostPixels).contains(minPixels),
            (minPixels...Self.mostPixels).contains(maxPixels)
        else {
            throw RequestError("cells of \(cellSide) pixels, \(frames) frames and \(minPixels) to \(maxPixels) pixels are no rule of sizes")
        }
        self.cellSide = cellSide
        self.frames = frames
        self.minPixels = minPixels
        self.maxPixels = maxPixels
    }

    /// Tokens of the largest image. The bound on pixels doesn't hold for a strip one cell wide, which has up to 200.
    public var mostTokens: Int { max(maxPixels / frames / (cellSide * cellSide), Int(Self.mostAspect)) }

    private static let mostPixels = 1 << 32
    private static let sides = 1...(1 << 16)
    private static let mostAspect = 200.0

    /// The size after the resize of an image of `height × width` pixels.
    /// - Parameters:
    ///   - field: what a refusal calls the image.
    ///   - bound: of the resized image's pixels, below the rule's own; nil: none.
    /// - Throws: for a side over 200 times the other, and for a bound below the rule's least image.
    public func size(height: Int, width: Int, field: String, within bound: Int? = nil) throws(RequestError) -> Size {
        guard Self.sides.contains(height), Self.sides.contains(width) else {
            throw RequestError("\(field) has \(width) × \(height) pixels; the limit of a side is \(Self.sides.upperBound)")
        }
        let least = (minPixels + frames - 1) / frames
        if let bound, bound < least { throw RequestError("max_pixels is \(bound); the model's least image has \(least) pixels") }
        let most = min(maxPixels, bound.map { min($0, Self.mostPixels) * frames } ?? maxPixels)

        let cell = Double(cellSide)
        var (h, w) = (Double(height), Double(width))
        if h < cell || w < cell {
            let scale = max(cell / h, cell / w)
            (h, w) = ((h * scale).rounded(.down), (w * scale).rounded(.down))
        }
        guard max(h, w) / min(h, w) <= Self.mostAspect else {
            throw RequestError("\(field) has \(width) × \(height) pixels; a side may be at most \(Int(Self.mostAspect)) times the other")
        }
        return resized(h, w, most: most)
    }

    /// - Parameter most: frames × height × width at most.
    private func resized(_ h: Double, _ w: Double, most: Int) -> Size {
        let cell = Double(cellSide)
        func size(_ cells: (Double) -> Double) -> (height: Int, width: Int) { (Int(cells(h)) * cellSide, Int(cells(w)) * cellSide) }
        var (height, width) = size { ($0 / cell).rounded(.toNearestOrEven) }
        let pixels = frames * height * width
        if pixels > most {
            let excess = (Double(frames) * h * w / Double(most)).squareRoot()
            (height, width) = size { max(1, ($0 / excess / cell).rounded(.down)) }
        } else if pixels < minPixels {
            let lack = (Double(minPixels) / (Double(frames) * h * w)).squareRoot()
            (height, width) = size { ($0 * lack / cell).rounded(.up) }
        }
        return Size(height: height, width: width, grid: GridSize(height: height / cellSide, width: width / cellSide))
    }
}
