import Decoding
import Domain

extension DraftTokens {
    /// Guesses of the codes of grids: what the last pass drew in the place, else the code above it. The first row of the picture has the
    /// preview's code in the same place, that of an edit its first source's, and the first row of a preview the code to the left.
    /// - Parameters:
    ///   - preview: the grid that is generated before the target.
    ///   - source: of an edit.
    init(preview: GridSize?, target: GridSize, source: CodeGrid?) {
        let previewCount = preview?.count ?? 0
        self.init { ids, drawn in
            if let drawn { return drawn }
            let place = ids.count
            if let preview, place < previewCount { return place < preview.width ? ids.last : ids[place - preview.width] }
            let column = place - previewCount
            if column >= target.width { return ids[place - target.width] }
            if let preview { return ids[column * preview.width / target.width] }
            return source.map { $0.codes[column * $0.size.width / target.width] } ?? ids.last
        }
    }
}
