/// A plain value of a JSON file.
enum Scalar: Codable, CustomStringConvertible {
    case flag(Bool)
    case whole(Int)
    case number(Double)
    case text(String)

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let flag = try? value.decode(Bool.self) {
            self = .flag(flag)
        } else if let whole = try? value.decode(Int.self) {
            self = .whole(whole)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else {
            self = .text(try value.decode(String.self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .flag(let flag): try value.encode(flag)
        case .whole(let whole): try value.encode(whole)
        case .number(let number): try value.encode(number)
        case .text(let text): try value.encode(text)
        }
    }

    var description: String {
        switch self {
        case .flag(let flag): "\(flag)"
        case .whole(let whole): "\(whole)"
        case .number(let number): "\(number)"
        case .text(let text): text
        }
    }

    /// Any JSON.
    indirect enum Tree: Decodable {
        case scalar(Scalar)
        case object([String: Tree])
        case list([Tree])
        case null

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if value.decodeNil() {
                self = .null
            } else if let scalar = try? value.decode(Scalar.self) {
                self = .scalar(scalar)
            } else if let list = try? value.decode([Tree].self) {
                self = .list(list)
            } else {
                self = .object(try value.decode([String: Tree].self))
            }
        }

        /// Plain values by their path, `rope_parameters.rope_theta`; lists, and keys that begin with a line below, are left out.
        var flattened: [String: Scalar] {
            guard case .object(let members) = self else { return [:] }
            var result: [String: Scalar] = [:]
            for (key, member) in members where !key.hasPrefix("_") {
                switch member {
                case .scalar(let scalar): result[key] = scalar
                case .object: for (path, scalar) in member.flattened { result["\(key).\(path)"] = scalar }
                case .list, .null: break
                }
            }
            return result
        }

        /// Of a list, its last text: a class in `model_index.json`, or among `architectures`.
        var lastText: String? {
            guard case .list(let members) = self, case .scalar(let scalar)? = members.last else { return nil }
            return "\(scalar)"
        }
    }
}
