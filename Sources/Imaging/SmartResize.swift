/// The size at which the vision tower sees a source image: half of it, within limits, in multiples of the patch.
///
/// Reference: transformers 5.23 `smart_resize` of `image_processing_pil_glm_image.py`.
public enum SmartResize {
    /// - Parameters:
    ///   - height, width: of the source image, in pixels.
    ///   - factor: patch size × merge size.
    ///   - minimumPixels, maximumPixels: their square roots bound the shorter and the longer side before halving.
    /// - Throws: `tooLarge` for a side under `factor` or an aspect ratio over 4.
    public static func size(height: Int, width: Int, factor: Int, minimumPixels: Int, maximumPixels: Int) throws(ImageError) -> (
        height: Int, width: Int
    ) {
        guard height >= factor, width >= factor else {
            throw ImageError(.tooLarge, "a source image of \(width) × \(height) pixels; the least side is \(factor)")
        }
        guard Double(max(height, width)) / Double(min(height, width)) <= 4 else {
            throw ImageError(.tooLarge, "a source image of \(width) × \(height) pixels; the longer side may be at most 4 times the shorter")
        }
        let shortest = Int(Double(minimumPixels).squareRoot().rounded(.toNearestOrEven))
        let longest = Int(Double(maximumPixels).squareRoot().rounded(.toNearestOrEven))
        var scale = 1.0
        if min(height, width) < shortest { scale = Double(shortest) / Double(min(height, width)) }
        if Double(max(height, width)) * scale > Double(longest) { scale = Double(longest) / Double(max(height, width)) }

        func snapped(_ side: Int) -> Int { max(factor, Int((Double(side / 2) * scale / Double(factor)).rounded(.toNearestOrEven)) * factor) }
        var (newHeight, newWidth) = (snapped(height), snapped(width))
        if max(newHeight, newWidth) > longest {
            let excess = Double(max(newHeight, newWidth)) / Double(longest)
            func shrunk(_ side: Int) -> Int { max(factor, Int((Double(side) / excess / Double(factor)).rounded(.down)) * factor) }
            (newHeight, newWidth) = (shrunk(newHeight), shrunk(newWidth))
        }
        return (newHeight, newWidth)
    }
}
