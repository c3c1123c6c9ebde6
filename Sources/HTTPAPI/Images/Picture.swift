import Domain
import Imaging
import Wire

/// An image as the caller gets it.
struct Picture: Sendable {
    var made: GeneratedImage
    var file: [UInt8]
    var size: PictureSize

    /// Crops where the order says so: the middle of what was drawn.
    init(_ made: GeneratedImage, _ order: ImageOrder) throws {
        self.made = made
        file = made.image
        size = PictureSize(width: made.parameters.width, height: made.parameters.height)
        guard let crop = order.crop else { return }
        let cropped = try RGBImage(decoding: made.image).cropped(to: crop)
        size = crop
        let encoded =
            switch order.format {
            case .png: try cropped.png()
            case .jpeg: try cropped.jpeg(quality: made.parameters.jpegQuality)
            case .webp: try cropped.webp(quality: made.parameters.jpegQuality)
            }
        file = try ImplicitLabel.carry(from: made.image, to: encoded)
    }
}

extension RGBImage {
    /// The middle; what does not divide by two is lost at the right and at the bottom.
    func cropped(to size: PictureSize) -> RGBImage {
        let left = (width - size.width) / 2, top = (height - size.height) / 2
        var pixels: [UInt8] = []
        pixels.reserveCapacity(size.width * size.height * 3)
        for row in top..<top + size.height {
            let start = (row * width + left) * 3
            pixels += self.pixels[start..<start + size.width * 3]
        }
        return RGBImage(width: size.width, height: size.height, pixels: pixels)
    }
}
