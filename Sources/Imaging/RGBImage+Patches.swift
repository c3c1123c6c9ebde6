extension RGBImage {
    /// The picture as the vision tower's input: normalised, cut into square patches in raster order, each patch by channel, then
    /// row, then column.
    ///
    /// Reference: transformers 5.23 `GlmImageImageProcessorPil` with merge size 1 and temporal patch size 1.
    /// - Parameters:
    ///   - patchSize: in pixels; divides width and height.
    ///   - mean, standardDeviation: of red, green, blue.
    ///   - rescale: multiplies the bytes first (1/255).
    /// - Returns: `[height / patchSize · width / patchSize, 3 · patchSize · patchSize]`
    public func patches(patchSize: Int, mean: [Float], standardDeviation: [Float], rescale: Float) -> [Float] {
        precondition(patchSize > 0 && width % patchSize == 0 && height % patchSize == 0, "\(width) × \(height) pixels in patches of \(patchSize)")
        precondition(mean.count == 3 && standardDeviation.count == 3, "means and deviations of \(mean.count) and \(standardDeviation.count) channels")
        let normalised = (0..<3).flatMap { channel in
            (0..<256).map { (Float(Double($0) * Double(rescale)) - mean[channel]) / standardDeviation[channel] }
        }
        var values: [Float] = []
        values.reserveCapacity(pixels.count)
        for top in stride(from: 0, to: height, by: patchSize) {
            for left in stride(from: 0, to: width, by: patchSize) {
                for channel in 0..<3 {
                    for y in top..<top + patchSize {
                        for x in left..<left + patchSize { values.append(normalised[channel * 256 + Int(pixels[(y * width + x) * 3 + channel])]) }
                    }
                }
            }
        }
        return values
    }
}
