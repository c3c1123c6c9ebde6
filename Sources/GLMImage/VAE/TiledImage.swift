/// An image put together from overlapping tiles: where two overlap, the later one gains on the earlier line by line.
///
/// Reference: diffusers 0.42.1 `AutoencoderKL.tiled_decode`, `blend_v` and `blend_h`.
struct TiledImage {
    /// `[height, width, channels]`.
    private(set) var values: [Float]
    private let width, channels: Int
    /// From the beginning of a tile to that of the next. So much of a tile is kept; the rest only blends into what follows.
    private let stride: Int
    /// The extent over which two tiles are blended.
    private let overlap: Int
    /// Blended, with all that reaches into later tiles: the row above, and this row from the left.
    private var above: [Tile] = [], row: [Tile] = []
    /// The image's line at which this row begins.
    private var top = 0

    struct Tile {
        var height, width: Int
        /// `[height, width, channels]`.
        var values: [Float]
    }

    init(height: Int, width: Int, channels: Int, stride: Int, overlap: Int) {
        self.width = width
        self.channels = channels
        self.stride = stride
        self.overlap = overlap
        values = [Float](repeating: 0, count: height * width * channels)
    }

    /// Tiles come row by row, each row from the left.
    mutating func append(_ new: Tile) {
        var tile = new
        if !above.isEmpty { blend(above[row.count], downInto: &tile) }
        if let left = row.last { blend(left, rightInto: &tile) }
        keep(tile)
        row.append(tile)
        guard row.count * stride >= width else { return }
        above = row
        row = []
        top += stride
    }

    private func blend(_ above: Tile, downInto tile: inout Tile) {
        let extent = min(above.height, tile.height, overlap), line = tile.width * channels
        let old = (above.height - extent) * line
        for index in 0..<extent * line { mix(above.values[old + index], into: &tile.values[index], index / line, of: extent) }
    }

    private func blend(_ left: Tile, rightInto tile: inout Tile) {
        let extent = min(left.width, tile.width, overlap)
        for line in 0..<tile.height {
            let old = (line * left.width + left.width - extent) * channels, new = line * tile.width * channels
            for index in 0..<extent * channels { mix(left.values[old + index], into: &tile.values[new + index], index / channels, of: extent) }
        }
    }

    private func mix(_ old: Float, into new: inout Float, _ place: Int, of extent: Int) {
        let share = Double(place) / Double(extent)
        new = old * Float(1 - share) + new * Float(share)
    }

    private mutating func keep(_ tile: Tile) {
        let count = min(tile.width, stride) * channels
        for line in 0..<min(tile.height, stride) {
            let from = line * tile.width * channels, to = ((top + line) * width + row.count * stride) * channels
            values.replaceSubrange(to..<to + count, with: tile.values[from..<from + count])
        }
    }
}
