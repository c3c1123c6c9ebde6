import Domain

/// A picture's size as HTTP clients write it. The model draws in cells of 32 pixels; another size is drawn larger and cropped.
package struct PictureSize: Sendable, Hashable {
    /// Pixels.
    package var width: Int
    /// Pixels.
    package var height: Int

    package init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    /// `1024x768`, also with `×` or `*` between.
    package init?(_ text: String) {
        let sides = text.split(separator: /[xX×*]/, omittingEmptySubsequences: false)
        guard text.count <= 16, sides.count == 2, let width = Int(sides[0]), let height = Int(sides[1]), width > 0, height > 0 else { return nil }
        self.init(width: width, height: height)
    }

    /// The smallest size of whole cells that holds it.
    package var inCells: PictureSize {
        func up(_ side: Int) -> Int { (side + RequestLimits.sizeMultiple - 1) / RequestLimits.sizeMultiple * RequestLimits.sizeMultiple }
        return PictureSize(width: up(width), height: up(height))
    }

    package var text: String { "\(width)x\(height)" }
}

extension Fields {
    /// - Returns: nil: the gateway's default.
    package mutating func pictureSize() throws(APIError) -> PictureSize? {
        let text = try string("size")
        let sides = RequestLimits.sides
        let (width, height) = (try integer("width", in: 1...sides.upperBound), try integer("height", in: 1...sides.upperBound))
        var size: PictureSize?
        if let text, text != "auto" {
            guard let parsed = PictureSize(text) else {
                throw .invalid("size", "size \"\(text.prefix(64))\" is not auto, and no width and height as in 1024x768")
            }
            guard max(parsed.width, parsed.height) <= sides.upperBound else {
                throw .invalid("size", "size \(parsed.text) has a side above \(sides.upperBound) pixels")
            }
            size = parsed
        }
        guard width != nil || height != nil else { return size }
        guard let width, let height else { throw .invalid(width == nil ? "width" : "height", "width and height are given both or not at all") }
        let sized = PictureSize(width: width, height: height)
        if let size, size != sized { throw .invalid("size", "size \(size.text) is not width × height \(width) × \(height)") }
        return sized
    }
}
