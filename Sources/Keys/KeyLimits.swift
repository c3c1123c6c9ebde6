import Domain

/// What a key file may hold.
enum KeyLimits {
    /// Bytes of a file.
    static let fileBytes = 1 << 20
    /// Keys of a file: each call is compared with all of them.
    static let keys = 1024
    static let nameBytes = 1...64
    static let models = 64
    static let modelBytes = 1...256
    static let perMinute = 1...1_000_000
    static let quota = 1...1_000_000_000
    static let weight = 0.01...100.0

    /// - Throws: naming the field, the limit and the value.
    static func check(_ grant: Grant) throws(KeyError) {
        let isNamed = grant.name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || [0x2d, 0x2e, 0x5f].contains(byte)
        }
        guard isNamed, nameBytes.contains(grant.name.utf8.count) else {
            throw KeyError("name is \"\(grant.name.prefix(bytes: 64).printable)\"; 1 to 64 letters, digits, -, _ and .")
        }
        guard !grant.scopes.isEmpty else { throw KeyError("scopes is empty; there are: \(Scope.listing)") }
        guard grant.models.count <= models else { throw KeyError("models has \(grant.models.count) names; at most \(models)") }
        for model in grant.models where !modelBytes.contains(model.utf8.count) {
            throw KeyError("models has a name of \(model.utf8.count) bytes; 1 to \(modelBytes.upperBound)")
        }
        try check("per_minute", grant.perMinute, in: perMinute)
        try check("quota", grant.quota, in: quota)
        try check("weight", grant.weight, in: weight)
    }

    private static func check<Value: Comparable>(_ name: String, _ value: Value?, in range: ClosedRange<Value>) throws(KeyError) {
        guard let value, !range.contains(value) else { return }
        throw KeyError("\(name) is \(value); \(range.lowerBound) to \(range.upperBound)")
    }
}

extension Scope {
    /// All of them, for messages.
    package static var listing: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
