import Foundation

/// Changes one value of a JSON text, so that the text stays JSON.
enum JSONMutation {
    static func changed(_ text: [UInt8], using random: inout some RandomNumberGenerator) -> [UInt8]? {
        guard let value = try? JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed) else { return nil }
        let changed = change(value, using: &random)
        return (try? JSONSerialization.data(withJSONObject: changed, options: .fragmentsAllowed)).map(Array.init)
    }

    /// Itself, or one of what it holds.
    private static func change(_ value: Any, using random: inout some RandomNumberGenerator) -> Any {
        if Int.random(in: 0..<8, using: &random) > 0 {
            if var object = value as? [String: Any], let key = object.keys.sorted().randomElement(using: &random), let member = object[key] {
                object[key] = Int.random(in: 0..<12, using: &random) == 0 ? nil : change(member, using: &random)
                return object
            }
            if var list = value as? [Any], !list.isEmpty {
                let index = Int.random(in: list.indices, using: &random)
                list[index] = change(list[index], using: &random)
                return list
            }
        }
        return replacement(value, using: &random)
    }

    private static func replacement(_ value: Any, using random: inout some RandomNumberGenerator) -> Any {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: NSNull()
        case 1: [value, value]
        case 2: ["a": value]
        case 3: [Any]()
        case 4: Bool.random(using: &random)
        case 5: "\u{0}é\u{1F34E}"
        case 6: Double(Extremes.numbers.randomElement(using: &random) ?? 0) * 0.3
        default: Extremes.numbers.randomElement(using: &random) ?? 0
        }
    }
}
