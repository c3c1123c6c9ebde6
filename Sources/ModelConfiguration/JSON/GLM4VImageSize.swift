package import Domain

/// The size at which a question model sees an image, which its header alone decides.
package struct GLM4VImageSize: Sendable, Hashable {
    /// Of the resized image, in pixels: multiples of a cell's side.
    package let height, width: Int
    /// Cells, each of which is one token.
    package let grid: GridSize

    package var tokens: Int { grid.count }
}

extension GLM4VImageProcessorConfiguration {
    /// The size after the resize of an image of `height × width` pixels.
    ///
    /// Reference: transformers 5.23 `smart_resize` of `image_processing_pil_glm4v.py`, of a still: as many frames as a patch has.
    /// - Parameters:
    ///   - field: what a refusal calls the image.
    ///   - maximumPixels: bound of the resized image's pixels, below the checkpoint's own.
    /// - Throws: for a side over 200 times the other, and for a bound that is less than the checkpoint's least image.
    package func imageSize(
        height: Int, width: Int, field: String, maximumPixels bound: Int? = nil
    ) throws(RequestError) -> GLM4VImageSize {
        let sides = 1...LargestSize.side
        guard sides.contains(height), sides.contains(width) else {
            throw RequestError("\(field) has \(width) × \(height) pixels; the limit of a side is \(LargestSize.side)")
        }
        let least = (minimumPixels + temporalPatchSize - 1) / temporalPatchSize
        if let bound, bound < least { throw RequestError("max_pixels is \(bound); the model's least image has \(least) pixels") }
        let most = min(maximumPixels, bound.map { min($0, LargestSize.area) * temporalPatchSize } ?? maximumPixels)

        let cell = Double(cellSide)
        var (h, w) = (Double(height), Double(width))
        if h < cell || w < cell {
            let scale = max(cell / h, cell / w)
            (h, w) = ((h * scale).rounded(.down), (w * scale).rounded(.down))
        }
        guard max(h, w) / min(h, w) <= 200 else {
            throw RequestError("\(field) has \(width) × \(height) pixels; a side may be at most 200 times the other")
        }
        func nearest(_ side: Double) -> Int { Int((side / cell).rounded(.toNearestOrEven)) * cellSide }
        var resized = (height: nearest(h), width: nearest(w))
        let pixels = temporalPatchSize * resized.height * resized.width
        if pixels > most {
            let excess = (Double(temporalPatchSize) * h * w / Double(most)).squareRoot()
            func shrunk(_ side: Double) -> Int { max(cellSide, Int((side / excess / cell).rounded(.down)) * cellSide) }
            resized = (shrunk(h), shrunk(w))
        } else if pixels < minimumPixels {
            let lack = (Double(minimumPixels) / (Double(temporalPatchSize) * h * w)).squareRoot()
            func enlarged(_ side: Double) -> Int { Int((side * lack / cell).rounded(.up)) * cellSide }
            resized = (enlarged(h), enlarged(w))
        }
        return GLM4VImageSize(
            height: resized.height, width: resized.width, grid: GridSize(height: resized.height / cellSide, width: resized.width / cellSide))
    }

    /// Tokens of the largest image. The bound on pixels doesn't hold for a strip one cell wide, which has up to 200.
    package var mostTokens: Int { max(maximumPixels / temporalPatchSize / (cellSide * cellSide), 200) }
}
