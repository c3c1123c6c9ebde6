import Domain
import Foundation
import ServerKit

/// Prints lines of a command's answer on standard output, harmless to a terminal whoever wrote parts of them.
/// - Throws: `StandardStream.Failure`; the command then ends with exit code 1.
func printLine(_ text: String) throws { try StandardStream.output.writeLines(text) }

/// Prints a command's answer as one JSON object, with its keys in alphabetical order; harmless to a terminal, too.
/// - Parameter snakeCase: the type's property names are turned into `snake_case`.
/// - Throws: as ``printLine(_:)``.
func printJSON(_ value: some Encodable, snakeCase: Bool = false) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    if snakeCase { encoder.keyEncodingStrategy = .convertToSnakeCase }
    try StandardStream.output.write(String(decoding: try encoder.encode(value), as: UTF8.self).printableJSON + "\n")
}
