/// Where a token stands on the decoder's three axes; text stands at the same number on all of them.
package struct RasterPosition: Sendable, Hashable {
    package var temporal: Int
    package var height: Int
    package var width: Int

    package init(temporal: Int, height: Int, width: Int) {
        self.temporal = temporal
        self.height = height
        self.width = width
    }

    package init(text position: Int) { self.init(temporal: position, height: position, width: position) }

    package subscript(axis: Int) -> Int {
        switch axis {
        case 0: temporal
        case 1: height
        default: width
        }
    }

    /// A raster that begins at `base`: constant in time, counting rows and columns.
    package static func raster(_ grid: GridSize, from base: Int) -> [RasterPosition] {
        (0..<grid.count).map { RasterPosition(temporal: base, height: base + $0 / grid.width, width: base + $0 % grid.width) }
    }
}

/// The positions of a prompt and of all that is generated after it.
///
/// Reference: transformers 5.23 `GlmImageModel.get_rope_index`.
package struct PositionPlan: Sendable, Hashable {
    /// One for each prompt token.
    package let prompt: [RasterPosition]
    /// One for each generated token: the rasters in the order they are drawn, then the end token.
    package let generated: [RasterPosition]

    /// - Parameters:
    ///   - ids: the prompt's tokens, source images' tokens in place.
    ///   - sources: the grids of the source images, in order.
    ///   - targets: the grids to draw, in the order they are drawn (preview first).
    package init(ids: [Int32], sources: [GridSize], targets: [GridSize], imageStart: Int32, imageEnd: Int32) {
        var positions: [RasterPosition] = []
        var next = 0
        var index = 0
        let starts = ids.indices.filter { ids[$0] == imageStart }.map { $0 + 1 }
        let ends = ids.indices.filter { ids[$0] == imageEnd }
        for (image, (start, end)) in zip(starts, ends).enumerated() where image < sources.count {
            positions += (0..<max(start - index, 0)).map { RasterPosition(text: next + $0) }
            next += max(start - index, 0)
            positions += RasterPosition.raster(sources[image], from: next)
            next += max(sources[image].height, sources[image].width)
            index = end
        }
        positions += (0..<ids.count - index).map { RasterPosition(text: next + $0) }
        next += ids.count - index
        prompt = positions

        var drawn: [RasterPosition] = []
        for grid in targets {
            drawn += RasterPosition.raster(grid, from: next)
            next += max(grid.height, grid.width)
        }
        generated = drawn + [RasterPosition(text: next)]
    }
}
