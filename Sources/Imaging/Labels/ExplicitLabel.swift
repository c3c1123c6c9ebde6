/// Where the words `AI生成` stand in a picture, and how large: the label for people who look at it.
///
/// GB 45438-2025 asks for a text at an edge or corner whose height is at least 5 % of the picture's shorter side.
public struct ExplicitLabel: Sendable, Hashable {
    /// Pixels from the left and from the top, and pixels of the sides.
    public struct Rectangle: Sendable, Hashable {
        public let x, y, width, height: Int
    }

    /// The dark ground that the words stand on.
    public let plate: Rectangle
    /// The words: each of the four glyphs is as high as this.
    public let text: Rectangle

    /// Below it, in pixels, 成 can't be told from other signs; small pictures have it as far as they have the room.
    private static let legibleHeight = 12
    /// The ground is so many text heights wide and high.
    private static let plateWidth = 4.0, plateHeight = 1.5
    /// To the edges, where there is the room: a crop to the middle, down from whole cells of 32 pixels, takes as much and leaves the label.
    private static let margin = 16

    /// - Parameters: pixels of the picture, at least 32 each.
    public init(width: Int, height: Int) {
        let required = (min(width, height) + 19) / 20 + 1
        let room = Int(min(Double(width) / Self.plateWidth, Double(height) / Self.plateHeight))
        let textHeight = max(required, min(Self.legibleHeight, room))
        let textWidth = Int((Double(textHeight) * Self.textWidth / 100).rounded(.up))
        let ground = (
            width: min(Int(Double(textHeight) * Self.plateWidth), width), height: min(Int(Double(textHeight) * Self.plateHeight), height)
        )
        func start(_ side: Int, _ ground: Int) -> Int { side - ground - min(max(Self.margin, textHeight / 2), (side - ground) / 2) }
        plate = Rectangle(x: start(width, ground.width), y: start(height, ground.height), width: ground.width, height: ground.height)
        text = Rectangle(
            x: plate.x + (plate.width - textWidth) / 2, y: plate.y + (plate.height - textHeight) / 2, width: textWidth, height: textHeight)
    }
}
