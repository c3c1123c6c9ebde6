import Domain
import Imaging

/// Decodes a PNG, JPEG or WebP file. Computes: not for the cooperative pool.
/// - Parameter field: names the file to the caller.
func decodeImage(_ bytes: [UInt8], _ field: String) throws(RequestError) -> RGBImage {
    do { return try RGBImage(decoding: bytes) } catch { throw RequestError("\(field): \(error.message)") }
}
