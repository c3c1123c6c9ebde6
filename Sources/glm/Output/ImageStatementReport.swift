import Domain
import Foundation
import Imaging

/// What a picture's file says of itself, as lines and as JSON.
struct ImageStatementReport: Encodable {
    let format: String
    let bytes: Int
    /// Pixels, of the picture as a viewer shows it.
    let width, height: Int
    /// How the pixels are stored.
    let orientation: String
    /// The fields of the label `AIGC` that are there, by their keys; nil: there is no label.
    let aigc: [String: String]?
    let digitalSourceType: String?
    let parameters: String?
    let c2pa: Bool

    init(_ file: [UInt8]) throws(ImageError) {
        let statement = try ImageStatement(file)
        format = statement.header.format.rawValue
        bytes = file.count
        (width, height) = (statement.header.width, statement.header.height)
        orientation = statement.header.orientation.name
        aigc = statement.label.map { label in Dictionary(uniqueKeysWithValues: label.values.map { ($0.rawValue, $1) }) }
        digitalSourceType = statement.sourceType
        parameters = statement.parameters
        c2pa = statement.hasC2PA
    }

    var text: String {
        var lines = ["\(format) \(width)x\(height), \(bytes) bytes, \(orientation)"]
        if let aigc {
            lines.append("AIGC label:")
            lines += AIGCLabel.Field.allCases.map { field in
                "  \(field.rawValue): \(aigc[field.rawValue].map { $0.isEmpty ? "(empty)" : $0.printable } ?? "(missing)")"
            }
        } else {
            lines.append("AIGC label: none")
        }
        lines.append("IPTC digital source type: \(digitalSourceType?.printable ?? "none")")
        lines.append("C2PA: \(c2pa ? "there is a manifest; it is not verified" : "none")")
        if let parameters { lines += ["parameters:"] + parameters.split(whereSeparator: \.isNewline).map { "  \($0)" } }
        return lines.joined(separator: "\n")
    }
}
