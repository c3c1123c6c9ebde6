/// A picture as the vision stage of a question model writes it and the text stage reads it: one row for each cell of a grid.
public struct PictureRows: Sendable, Hashable {
    /// Type of a row's elements, little-endian.
    public enum Element: String, Sendable, Hashable, CaseIterable {
        case f32, bf16

        public var byteCount: Int { self == .f32 ? 4 : 2 }
    }

    /// Cells, each of which is one token.
    public let grid: GridSize
    /// Elements of a row.
    public let columns: Int
    public let element: Element
    /// `[grid.count, columns]`, row-major; the cells in raster order.
    public let bytes: [UInt8]

    /// - Throws: for a grid or a width outside the limits, and when the bytes are not as many as they say.
    public init(grid: GridSize, columns: Int, element: Element, bytes: [UInt8]) throws(RequestError) {
        guard Self.byteCount(grid: grid, columns: columns, element: element) == bytes.count else {
            throw RequestError(
                "rows have \(bytes.count) bytes for \(grid.height) × \(grid.width) cells of \(columns) elements in \(element.rawValue)")
        }
        self.grid = grid
        self.columns = columns
        self.element = element
        self.bytes = bytes
    }

    /// Bytes of all rows; nil for a grid or a width outside the limits.
    public static func byteCount(grid: GridSize, columns: Int, element: Element) -> Int? {
        // Sides first: their product could overflow.
        guard sides.contains(grid.height), sides.contains(grid.width), widths.contains(columns) else { return nil }
        return grid.count * columns * element.byteCount
    }

    private static let sides = 1...16_384
    private static let widths = 1...65_536
}
