package import Domain

/// Latents `[channels, height, width]`, as torch lays them out, and the transformer's rows of 2 × 2 patches.
package struct LatentShape: Sendable, Hashable {
    package let channels, height, width: Int
    private static let patch = 2

    package var count: Int { channels * height * width }
    /// Extents in patches.
    package var grid: GridSize { GridSize(height: height / LatentShape.patch, width: width / LatentShape.patch) }

    package init(channels: Int, height: Int, width: Int) {
        self.channels = channels
        self.height = height
        self.width = width
    }

    /// `[patches, channels · 4]`: patches in raster order, elements in (channel, y, x) order.
    package func patches(_ latents: [Float]) -> [Float] {
        var result = [Float](repeating: 0, count: count)
        walk { patchIndex, latentIndex in result[patchIndex] = latents[latentIndex] }
        return result
    }

    /// The inverse of `patches`.
    package func latents(_ patches: [Float]) -> [Float] {
        var result = [Float](repeating: 0, count: count)
        walk { patchIndex, latentIndex in result[latentIndex] = patches[patchIndex] }
        return result
    }

    private func walk(_ visit: (Int, Int) -> Void) {
        var index = 0
        for row in 0..<grid.height {
            for column in 0..<grid.width {
                for channel in 0..<channels {
                    for y in 0..<LatentShape.patch {
                        for x in 0..<LatentShape.patch {
                            visit(index, (channel * height + row * LatentShape.patch + y) * width + column * LatentShape.patch + x)
                            index += 1
                        }
                    }
                }
            }
        }
    }
}
