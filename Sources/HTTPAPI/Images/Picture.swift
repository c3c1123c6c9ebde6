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
        let cropped = try RGBImage(decoding: made.image).middle(crop)
        size = crop
        file = try ImplicitLabel.carry(from: made.image, to: cropped.encoded(as: order.format, quality: made.parameters.jpegQuality))
    }
}

extension RGBImage {
    /// The middle; what does not divide by two is lost at the right and at the bottom.
    func middle(_ size: PictureSize) -> RGBImage {
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
