public import GLMImage
public import Imaging
import Domain
public import Wire

// The values that more than one stage hands between the wire and the model.

extension GLMImage.CodeGrid {
    /// Refuses a grid whose extents disagree with its codes; `field` names it to the caller.
    public init(_ grid: Wire.CodeGrid, _ field: String) throws(CallError) {
        // Sides first: their product could overflow.
        let sides = 1...RequestLimits.sides.upperBound
        guard sides.contains(grid.height), sides.contains(grid.width), grid.codes.count == grid.height * grid.width else {
            throw CallError(.invalidArgument, "\(field) has \(grid.codes.count) codes and says height \(grid.height), width \(grid.width)")
        }
        self.init(height: grid.height, width: grid.width, codes: grid.codes)
    }
}

extension Wire.CodeGrid {
    public init(_ grid: GLMImage.CodeGrid) { self.init(height: grid.height, width: grid.width, codes: grid.codes) }
}

/// Refuses bytes that begin neither as PNG nor as JPEG; the rest of a picture is checked where it is decoded.
public func checkPicture(_ bytes: [UInt8], _ field: String) throws(CallError) {
    guard bytes.count <= WireProtocol.maxImageBytes else {
        throw CallError(.invalidArgument, "\(field) has \(bytes.count) bytes; at most \(WireProtocol.maxImageBytes)")
    }
    guard Imaging.ImageFormat(magic: bytes) != nil else {
        throw CallError(.invalidArgument, "\(field) has \(bytes.count) bytes that are neither PNG nor JPEG")
    }
}

/// Decodes a picture; `field` names it to the caller. Computes: not for the cooperative pool.
public func decodePicture(_ bytes: [UInt8], _ field: String) throws -> RGBImage {
    do { return try RGBImage(decoding: bytes) } catch { throw CallError(.invalidArgument, "\(field): \(error.message)") }
}
