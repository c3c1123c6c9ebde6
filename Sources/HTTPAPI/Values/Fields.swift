/// The named values of a request, from JSON or from a form. Each is asked for by its name; what nobody asked for is refused.
package struct Fields: Sendable {
    private var values: [String: JSONValue]
    /// Of a form: numbers and booleans are text there.
    private let isForm: Bool
    private var asked: Set<String> = []
    /// Fields that were accepted and change nothing, in the order in which they were asked for.
    package private(set) var withoutEffect: [String] = []

    /// `null` is absent: clients send it for what their caller left out.
    package init(json: JSONValue) throws(APIError) {
        guard case .object(let values) = json else { throw APIError(400, "invalid_json", "the body is \(json.kind); an object is needed") }
        self.values = values.filter { $0.value != .null }
        isForm = false
    }

    /// - Throws: for a name that comes twice.
    package init(form: [(name: String, text: String)]) throws(APIError) {
        values = [:]
        isForm = true
        for (name, text) in form where values.updateValue(.string(text), forKey: name) != nil {
            throw .invalid(name, "\(name) comes twice")
        }
    }

    /// All names that the request has.
    package var names: Set<String> { Set(values.keys) }

    /// All of it, the same bytes for the same values.
    var canonical: [UInt8] { (try? JSONValue.object(values).encoded()) ?? [] }

    package mutating func value(_ name: String) -> JSONValue? {
        asked.insert(name)
        return values[name]
    }

    package mutating func string(_ name: String) throws(APIError) -> String? {
        guard let value = value(name) else { return nil }
        guard case .string(let text) = value else { throw .invalid(name, "\(name) is \(value.kind); a string is needed") }
        return text
    }

    package mutating func integer(_ name: String, in range: ClosedRange<Int>? = nil) throws(APIError) -> Int? {
        guard let value = value(name) else { return nil }
        let integer: Int? =
            switch value {
            case .integer(let integer): integer
            case .string(let text) where isForm: Int(text)
            default: nil
            }
        guard let integer else { throw .invalid(name, "\(name) \(shown(value)) is no whole number") }
        if let range, !range.contains(integer) {
            throw .invalid(name, "\(name) \(integer) is outside \(range.lowerBound) through \(range.upperBound)")
        }
        return integer
    }

    /// 0 to 2^64 - 1.
    package mutating func unsigned(_ name: String) throws(APIError) -> UInt64? {
        guard let value = value(name) else { return nil }
        let unsigned: UInt64? =
            switch value {
            case .integer(let integer): UInt64(exactly: integer)
            case .unsigned(let unsigned): unsigned
            case .string(let text) where isForm: UInt64(text)
            default: nil
            }
        guard let unsigned else { throw .invalid(name, "\(name) \(shown(value)) is no whole number from 0") }
        return unsigned
    }

    package mutating func number(_ name: String) throws(APIError) -> Float? {
        guard let value = value(name) else { return nil }
        let number: Double? =
            switch value {
            case .integer(let integer): Double(integer)
            case .number(let number): number
            case .string(let text) where isForm: Double(text)
            default: nil
            }
        guard let number, number.isFinite else { throw .invalid(name, "\(name) \(shown(value)) is no number") }
        return Float(number)
    }

    package mutating func flag(_ name: String) throws(APIError) -> Bool? {
        guard let value = value(name) else { return nil }
        switch value {
        case .bool(let flag): return flag
        case .string("true") where isForm: return true
        case .string("false") where isForm: return false
        default: throw .invalid(name, "\(name) \(shown(value)) is neither true nor false")
        }
    }

    /// One of some words.
    package mutating func choice(_ name: String, _ choices: [String]) throws(APIError) -> String? {
        guard let text = try string(name) else { return nil }
        guard choices.contains(text) else {
            throw APIError(400, "unsupported_value", "\(name) \"\(shown(text))\" is not one of \(choices.joined(separator: ", "))", param: name)
        }
        return text
    }

    /// Text that is kept with the request and changes nothing.
    package mutating func recorded(_ name: String) throws(APIError) {
        guard let value = value(name) else { return }
        if case .array = value { throw .invalid(name, "\(name) is \(value.kind); a string is needed") }
    }

    /// Accepts a field that changes nothing, and says so in the answer.
    /// - Parameter values: that are accepted; nil: any.
    package mutating func decoration(_ name: String, _ values: [JSONValue]? = nil) throws(APIError) {
        guard let value = value(name) else { return }
        guard values?.contains(value) ?? true else {
            throw APIError(400, "unsupported_value", "\(name) \(shown(value)) is not supported", param: name)
        }
        withoutEffect.append(name)
    }

    /// Refuses a field, unless it is false, empty or one of the values that ask for nothing.
    package mutating func unsupported(_ name: String, _ reason: String, nothing: [JSONValue] = []) throws(APIError) {
        guard let value = value(name) else { return }
        let harmless: [JSONValue] = [.bool(false), .string(""), .array([]), .object([:])]
        if harmless.contains(value) || nothing.contains(value) { return }
        throw APIError(400, "unsupported_parameter", "\(name): \(reason)", param: name)
    }

    /// Refuses what nobody asked for.
    /// - Parameter synonyms: what clients of other servers call a field of ours, and ours.
    package func refuseUnknown(_ synonyms: [String: String] = [:]) throws(APIError) {
        guard let unknown = values.keys.filter({ !asked.contains($0) }).min() else { return }
        let nearest = NearestName.of(unknown, among: asked.union(synonyms.keys)).map { synonyms[$0] ?? $0 }
        let hint = nearest.map { "; did you mean \($0)?" } ?? ""
        throw APIError(400, "unknown_parameter", "\(shown(unknown)) is not known\(hint)", param: String(unknown.prefix(64)))
    }

    private func shown(_ value: JSONValue) -> String {
        switch value {
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .unsigned(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): "\"\(shown(value))\""
        case .null, .array, .object: "(\(value.kind))"
        }
    }

    /// No message grows with what a stranger sends.
    private func shown(_ text: String) -> String { text.count > 64 ? "\(text.prefix(64))…" : text }
}
