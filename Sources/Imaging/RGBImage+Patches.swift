extension RGBImage {
    /// The image as a vision tower's input: normalised, cut into square patches, each patch by channel, then row, then column.
    ///
    /// Reference: transformers 5.23 `GlmImageImageProcessorPil`, and `Glm4vImageProcessorPil` with one of its two equal frames.
    /// - Parameters:
    ///   - patchSize: in pixels.
    ///   - mergeSize: side in patches of the blocks that patches are ordered by: blocks in raster order, patches in raster order within
    ///     their block. Times `patchSize` it divides width and height.
    ///   - mean, standardDeviation: of red, green, blue.
    ///   - rescale: multiplies the bytes first (1/255).
    /// - Returns: `[height / patchSize · width / patchSize, 3 · patchSize · patchSize]`
    public func patches(patchSize: Int, mergeSize: Int = 1, mean: [Float], standardDeviation: [Float], rescale: Double) -> [Float] {
        let block = patchSize * mergeSize
        precondition(block > 0 && width % block == 0 && height % block == 0, "\(width) × \(height) pixels in blocks of \(block)")
        precondition(mean.count == 3 && standardDeviation.count == 3, "means and deviations of \(mean.count) and \(standardDeviation.count) channels")
        let normalised = (0..<3).flatMap { channel in
            (0..<256).map { (Float(Double($0) * rescale) - mean[channel]) / standardDeviation[channel] }
        }
        return [Float](unsafeUninitializedCapacity: pixels.count) { values, count in
            pixels.withUnsafeBufferPointer { pixels in
                for blockTop in stride(from: 0, to: height, by: block) {
                    for blockLeft in stride(from: 0, to: width, by: block) {
                        for top in stride(from: blockTop, to: blockTop + block, by: patchSize) {
                            for left in stride(from: blockLeft, to: blockLeft + block, by: patchSize) {
                                for channel in 0..<3 {
                                    for y in top..<top + patchSize {
                                        for x in left..<left + patchSize {
                                            values[count] = normalised[channel * 256 + Int(pixels[(y * width + x) * 3 + channel])]
                                            count += 1
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
