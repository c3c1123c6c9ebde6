package import Domain
package import Decoding

/// The positions of a prompt and of all that is generated after it.
///
/// Reference: transformers 5.23 `GlmImageModel.get_rope_index`.
package struct PositionPlan: Sendable, Hashable {
    /// One for each prompt token.
    package let prompt: [RotaryPosition]
    /// One for each generated code: the rasters in the order they are generated.
    private let codes: [RotaryPosition]
    /// The text position of the end token.
    private let end: Int

    /// - Parameters:
    ///   - ids: the prompt's tokens, source images' tokens in place.
    ///   - sources: the grids of the source images, in order.
    ///   - targets: the grids to generate, in the order they are generated (preview first).
    package init(ids: [Int32], sources: [GridSize], targets: [GridSize], imageStart: Int32, imageEnd: Int32) {
        var positions: [RotaryPosition] = []
        var next = 0
        var index = 0
        let starts = ids.indices.filter { ids[$0] == imageStart }.map { $0 + 1 }
        let ends = ids.indices.filter { ids[$0] == imageEnd }
        for (image, (start, end)) in zip(starts, ends).enumerated() where image < sources.count {
            positions += (0..<max(start - index, 0)).map { RotaryPosition(text: next + $0) }
            next += max(start - index, 0)
            positions += PositionPlan.raster(sources[image], from: next)
            next += max(sources[image].height, sources[image].width)
            index = end
        }
        positions += (0..<ids.count - index).map { RotaryPosition(text: next + $0) }
        next += ids.count - index
        prompt = positions

        var codes: [RotaryPosition] = []
        for grid in targets {
            codes += PositionPlan.raster(grid, from: next)
            next += max(grid.height, grid.width)
        }
        self.codes = codes
        end = next
    }

    /// One for each generated token, the end token's last.
    package var generated: [RotaryPosition] { codes + [RotaryPosition(text: end)] }
    /// As the decoder takes them: no position depends on what is generated.
    package var positions: SequencePositions { SequencePositions(known: prompt + codes, next: end) }

    /// A raster that begins at `base`: constant in time, counting rows and columns.
    private static func raster(_ grid: GridSize, from base: Int) -> [RotaryPosition] {
        (0..<grid.count).map { RotaryPosition(temporal: base, height: base + $0 / grid.width, width: base + $0 % grid.width) }
    }
}
