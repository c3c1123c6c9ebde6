import Foundation

/// The label for machines: the field `AIGC` of GB 45438-2025, a JSON object whose values are all strings.
public struct AIGCLabel: Sendable, Hashable {
    /// The keys, in the order in which they are written.
    public enum Field: String, Sendable, Hashable, CaseIterable {
        /// 1: made by AI; 2: perhaps; 3: suspected.
        case label = "Label"
        /// Name or code of the service that made it.
        case contentProducer = "ContentProducer"
        /// The producer's number of the content.
        case produceID = "ProduceID"
        case reservedCode1 = "ReservedCode1"
        /// Name or code of the platform that spreads it.
        case contentPropagator = "ContentPropagator"
        case propagateID = "PropagateID"
        case reservedCode2 = "ReservedCode2"
    }

    /// Of the fields that are there.
    public let values: [Field: String]

    /// Of a picture that this program has made.
    public init(contentProducer: String, produceID: String) {
        values = Dictionary(uniqueKeysWithValues: Field.allCases.map { ($0, "") })
            .merging([.label: "1", .contentProducer: contentProducer, .produceID: produceID]) { $1 }
    }

    /// As another writer left it: fields may be missing, and numbers stand for strings.
    /// - Returns: nil for what is no JSON object, or one without any of the fields.
    init?(json: String) {
        guard json.utf8.count <= Self.mostBytes, let object = try? JSONDecoder().decode([String: Value].self, from: Data(json.utf8)) else {
            return nil
        }
        var values: [Field: String] = [:]
        for field in Field.allCases { values[field] = object[field.rawValue]?.text }
        guard !values.isEmpty else { return nil }
        self.values = values
    }

    /// As it is written into a file.
    var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .withoutEscapingSlashes
            func quoted(_ text: String) throws -> String { String(decoding: try encoder.encode(text), as: UTF8.self) }
            let pairs = try Field.allCases.compactMap { field in try values[field].map { "\"\(field.rawValue)\":\(try quoted($0))" } }
            return "{\(pairs.joined(separator: ","))}"
        }
    }

    /// Of a label that is read.
    private static let mostBytes = 64 << 10

    /// A string; or a number, as text.
    private struct Value: Decodable {
        let text: String?

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            text = (try? container.decode(String.self)) ?? (try? container.decode(Int.self)).map { "\($0)" }
        }
    }
}
