extension RGBImage {
    /// The picture as it was meant to be seen.
    func upright(_ orientation: Orientation) -> RGBImage {
        let (w, h) = (width, height)
        return switch orientation {
        case .upright: self
        case .mirrored: rearranged(width: w, height: h) { x, y in (w - 1 - x, y) }
        case .upsideDown: rearranged(width: w, height: h) { x, y in (w - 1 - x, h - 1 - y) }
        case .mirroredUpsideDown: rearranged(width: w, height: h) { x, y in (x, h - 1 - y) }
        case .transposed: rearranged(width: h, height: w) { x, y in (y, x) }
        case .turnedLeft: rearranged(width: h, height: w) { x, y in (y, h - 1 - x) }
        case .transversed: rearranged(width: h, height: w) { x, y in (w - 1 - y, h - 1 - x) }
        case .turnedRight: rearranged(width: h, height: w) { x, y in (w - 1 - y, x) }
        }
    }

    /// A picture whose pixel at (x, y) is this one's at `source(x, y)`.
    private func rearranged(width newWidth: Int, height newHeight: Int, _ source: (Int, Int) -> (Int, Int)) -> RGBImage {
        let moved = [UInt8](unsafeUninitializedCapacity: pixels.count) { target, count in
            pixels.withUnsafeBufferPointer { pixels in
                var position = 0
                for y in 0..<newHeight {
                    for x in 0..<newWidth {
                        let (sourceX, sourceY) = source(x, y)
                        let from = (sourceY * width + sourceX) * 3
                        for channel in 0..<3 { target[position + channel] = pixels[from + channel] }
                        position += 3
                    }
                }
            }
            count = pixels.count
        }
        return RGBImage(width: newWidth, height: newHeight, pixels: moved)
    }
}
