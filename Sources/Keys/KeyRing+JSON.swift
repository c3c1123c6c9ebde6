import Domain
import Foundation

/// The key file: `{"keys": [{"name": "alice", "sha256": "…", "scopes": ["images"], …}]}`.
extension KeyRing {
    /// - Throws: naming the place and what is wrong with it; for fields that are not known, too.
    package init(json: [UInt8]) throws(KeyError) {
        let list: KeyList
        do {
            list = try JSONDecoder().decode(KeyList.self, from: Data(json))
        } catch {
            throw KeyError((error as? DecodingError).map(Self.words) ?? "\(error)")
        }
        try self.init(list.keys.map(\.key))
    }

    /// For people too: a field a line.
    package func json() throws(KeyError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return [UInt8](try encoder.encode(KeyList(keys: keys.map(KeyEntry.init)))) + [0x0a]
        } catch {
            throw KeyError("\(error)")
        }
    }

    private static func words(_ error: DecodingError) -> String {
        func path(_ keys: [any CodingKey]) -> String {
            let path = keys.reduce("") { path, key in
                key.intValue.map { "\(path)[\($0)]" } ?? (path.isEmpty ? key.stringValue : "\(path).\(key.stringValue)")
            }
            return path.isEmpty ? "the file" : path.prefix(bytes: 128).printable
        }
        switch error {
        case .keyNotFound(let key, let context): return "\(path(context.codingPath + [key])) is missing"
        case .valueNotFound(_, let context): return "\(path(context.codingPath)) is null"
        case .typeMismatch(_, let context): return "\(path(context.codingPath)) has the wrong type"
        case .dataCorrupted(let context) where context.underlyingError is KeyError:
            return "\(path(context.codingPath)): \(context.debugDescription)"
        default: return "the file is not valid JSON"
        }
    }
}

private struct KeyList: Codable {
    var keys: [KeyEntry]

    enum CodingKeys: String, CodingKey, CaseIterable { case keys }

    init(keys: [KeyEntry]) { self.keys = keys }

    init(from decoder: any Decoder) throws {
        try decoder.refuseUnknown(CodingKeys.allCases.map(\.rawValue))
        keys = try decoder.container(keyedBy: CodingKeys.self).decode([KeyEntry].self, forKey: .keys)
    }
}

/// A key as it stands in the file.
private struct KeyEntry: Codable {
    let key: Key

    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, sha256, scopes, models, expires, quota, weight
        case perMinute = "per_minute"
    }

    init(_ key: Key) { self.key = key }

    init(from decoder: any Decoder) throws {
        try decoder.refuseUnknown(CodingKeys.allCases.map(\.rawValue))
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        func refusal(_ field: CodingKeys, _ reason: String) -> DecodingError { .refused(fields.codingPath + [field], reason) }
        let scopes = try fields.decode([String].self, forKey: .scopes).map { text in
            guard let scope = Scope(rawValue: text) else { throw refusal(.scopes, "there are: \(Scope.listing)") }
            return scope
        }
        let grant = Grant(
            name: try fields.decode(String.self, forKey: .name), scopes: Set(scopes),
            models: try fields.decodeIfPresent([String].self, forKey: .models) ?? [],
            perMinute: try fields.decodeIfPresent(Int.self, forKey: .perMinute), quota: try fields.decodeIfPresent(Int.self, forKey: .quota),
            weight: try fields.decodeIfPresent(Double.self, forKey: .weight) ?? 1)
        guard let digest = [UInt8](hexadecimal: try fields.decode(String.self, forKey: .sha256)) else {
            throw refusal(.sha256, "is not 64 hexadecimal digits")
        }
        let expires = try fields.decodeIfPresent(String.self, forKey: .expires).map { text in
            guard let date = KeyDate.read(text) else { throw refusal(.expires, KeyDate.syntax) }
            return date
        }
        key = Key(grant, digest: digest, expires: expires)
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        let grant = key.grant
        try fields.encode(grant.name, forKey: .name)
        try fields.encode(key.digest.hexadecimal, forKey: .sha256)
        try fields.encode(Scope.allCases.filter(grant.scopes.contains).map(\.rawValue), forKey: .scopes)
        if !grant.models.isEmpty { try fields.encode(grant.models, forKey: .models) }
        try fields.encodeIfPresent(key.expires.map(KeyDate.text), forKey: .expires)
        try fields.encodeIfPresent(grant.perMinute, forKey: .perMinute)
        try fields.encodeIfPresent(grant.quota, forKey: .quota)
        if grant.weight != 1 { try fields.encode(grant.weight, forKey: .weight) }
    }
}

extension DecodingError {
    fileprivate static func refused(_ path: [any CodingKey], _ reason: String) -> DecodingError {
        .dataCorrupted(Context(codingPath: path, debugDescription: reason, underlyingError: KeyError(reason)))
    }
}

extension Decoder {
    /// Codable itself passes over what nobody asks for.
    fileprivate func refuseUnknown(_ known: [String]) throws {
        let names = try container(keyedBy: AnyName.self).allKeys.map(\.stringValue)
        guard let unknown = names.filter({ !known.contains($0) }).min() else { return }
        throw DecodingError.refused(codingPath, "\(unknown.prefix(bytes: 64).printable) is not known; there are: \(known.joined(separator: ", "))")
    }
}

/// The name of any field.
private struct AnyName: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}
