import Crypto
package import Decoding
package import Domain
import Tensor

extension InsertedRows {
    /// The rows of a picture, in the place of the prompt's token `at` and those behind it.
    package init(_ picture: PictureRows, at: Int) {
        self.init(
            at: at, rows: EmbeddingRows(count: picture.grid.count, dtype: picture.element == .f32 ? .f32 : .bf16, bytes: picture.bytes),
            digest: picture.digest)
    }
}

extension PictureRows {
    /// Tells pictures apart whose tokens have other keys and values: also by their shape, which decides the positions.
    fileprivate var digest: [UInt8] {
        var hash = SHA256()
        hash.update(data: Array("\(grid.height) \(grid.width) \(element.rawValue) ".utf8))
        hash.update(data: bytes)
        return Array(hash.finalize())
    }
}
