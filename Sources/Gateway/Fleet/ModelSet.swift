package import Domain

/// The checkpoints that compute one request: one for each kind of stage. In most fleets they are parts of one folder.
package struct ModelSet: Sendable, Hashable {
    /// The model's name: as the topology has it, else as the stages say.
    package var name: String
    /// For each kind of stage that the request needs, of what it reads.
    package var fingerprints: [StageKind: String]

    package init(name: String, fingerprints: [StageKind: String]) {
        self.name = name
        self.fingerprints = fingerprints
    }

    /// For callers: each with its kind.
    package var fingerprint: String { Self.joined(fingerprints) }

    package static func joined(_ fingerprints: [StageKind: String]) -> String {
        fingerprints.sorted { $0.key < $1.key }.map { "\($0.key.rawValue):\($0.value)" }.joined(separator: ",")
    }
}
