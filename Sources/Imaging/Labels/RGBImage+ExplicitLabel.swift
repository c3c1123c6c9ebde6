extension RGBImage {
    /// Draws ``ExplicitLabel``: light words on a dark ground through which the picture shows, legible whatever is behind them.
    ///
    /// A pixel is covered as far as it lies within the pen's radius of the nearest line, so that edges are smooth at any size.
    public mutating func drawExplicitLabel() {
        let label = ExplicitLabel(width: width, height: height)
        let scale = Double(label.text.height) / 100
        // A thinner line is lost in small pictures.
        let pen = max(ExplicitLabel.penRadius * scale, 0.6)
        let plate = label.plate
        for y in plate.y..<plate.y + plate.height {
            for x in plate.x..<plate.x + plate.width {
                let point = ExplicitLabel.Point(x: Double(x - label.text.x) + 0.5, y: Double(y - label.text.y) + 0.5)
                let distance = ExplicitLabel.distance(of: point, scale: scale)
                let coverage = min(max(pen - distance + 0.5, 0), 1)
                for index in (y * width + x) * 3..<(y * width + x + 1) * 3 {
                    let ground = Double(pixels[index]) * (1 - ExplicitLabel.groundOpacity)
                    pixels[index] = UInt8((ground + (255 - ground) * coverage).rounded())
                }
            }
        }
    }
}

extension ExplicitLabel {
    /// White on what this leaves of a white picture has a contrast of 7 to 1 (WCAG 2's formula).
    fileprivate static let groundOpacity = 0.66

    /// From the nearest line, in pixels.
    /// - Parameters:
    ///   - point: in pixels from the text's top left.
    ///   - scale: pixels of a hundredth of the text's height.
    fileprivate static func distance(of point: Point, scale: Double) -> Double {
        let (x, y) = (point.x / scale, point.y / scale)
        var nearest = Double.infinity
        for (from, to) in lines {
            let (dx, dy) = (to.x - from.x, to.y - from.y)
            let along = min(max(((x - from.x) * dx + (y - from.y) * dy) / (dx * dx + dy * dy), 0), 1)
            let (rx, ry) = (x - from.x - along * dx, y - from.y - along * dy)
            nearest = min(nearest, rx * rx + ry * ry)
        }
        return nearest.squareRoot() * scale
    }
}
