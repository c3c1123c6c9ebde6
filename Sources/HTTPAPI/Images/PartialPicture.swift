import Domain
import Imaging
import Wire

/// A partial image as the caller gets it: cropped in the proportion of the image itself.
struct PartialPicture: Sendable {
    let file: [UInt8]
    /// From 0.
    let index: Int
    /// Of the image that is being made.
    let size: PictureSize

    /// - Parameter drawn: size of the image that is being made, before it is cropped.
    init(_ partial: PartialImage, of drawn: PictureSize, _ order: ImageOrder) throws {
        index = partial.index
        size = order.crop ?? drawn
        guard let crop = order.crop else {
            file = partial.image
            return
        }
        let image = try RGBImage(decoding: partial.image)
        func scaled(_ side: Int, of whole: Int, to partial: Int) -> Int { min(max((side * partial + whole / 2) / whole, 1), partial) }
        let middle = PictureSize(
            width: scaled(crop.width, of: drawn.width, to: image.width), height: scaled(crop.height, of: drawn.height, to: image.height))
        let cropped = try image.middle(middle).encoded(as: order.format, quality: PartialImages.quality)
        file = try ImplicitLabel.carry(from: partial.image, to: cropped)
    }
}
