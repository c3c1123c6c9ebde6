package import Domain

/// The checkpoints that compute one request: one for each kind of stage. In most fleets they are parts of one model.
package struct ModelSet: Sendable, Hashable {
    /// The model's name: as the topology has it, else as the stages say.
    package var name: String
    /// One for each kind of stage that the request needs.
    package var fingerprints: [StageKind: String]

    package init(name: String, fingerprints: [StageKind: String]) {
        self.name = name
        self.fingerprints = fingerprints
    }

    /// One fingerprint where all kinds serve the same checkpoint, else each with its kind.
    package var fingerprint: String { Self.joined(fingerprints) }

    package static func joined(_ fingerprints: [StageKind: String]) -> String {
        let all = Set(fingerprints.values)
        if all.count == 1 { return all.first! }
        return fingerprints.sorted { $0.key < $1.key }.map { "\($0.key.rawValue):\($0.value)" }.joined(separator: ",")
    }
}
