public import Domain

/// The kinds of stages without which a gateway is not ready: those that it runs itself, and of stages elsewhere those that an operator names,
/// or else that they once were. The decisions, without files.
public struct NeededKinds: Sendable, Hashable {
    private let own: Set<StageKind>
    private let said: Set<StageKind>?
    /// What stages elsewhere once were, by ``StageOrigin``.
    package private(set) var told: [String: Set<StageKind>]

    /// - Parameters:
    ///   - own: of the stages that this gateway keeps alive.
    ///   - said: of stages elsewhere, by an operator; nil: those that they were.
    ///   - told: what they were, by origin; what origins are not any more doesn't count.
    ///   - origins: of now.
    public init(own: Set<StageKind> = [], said: Set<StageKind>? = nil, told: [String: Set<StageKind>] = [:], origins: [StageOrigin] = []) {
        self.own = own
        self.said = said
        let names = Set(origins.map(\.description))
        self.told = told.filter { names.contains($0.key) }
    }

    package var all: Set<StageKind> { told.values.reduce(own.union(said ?? [])) { said == nil ? $0.union($1) : $0 } }

    /// Whether it is not known what the stages of the origin are, and nobody has said what is needed.
    package func isOpen(_ origin: StageOrigin) -> Bool { said == nil && told["\(origin)"] == nil }

    /// A stage elsewhere has said what it is. At one address the last counts; the stages of a name may be of several kinds.
    /// - Returns: whether that is new.
    package mutating func heard(_ kind: StageKind, from origin: StageOrigin) -> Bool {
        let before = told["\(origin)"] ?? []
        let now: Set<StageKind> =
            switch origin {
            case .address: [kind]
            case .name: before.union([kind])
            }
        told["\(origin)"] = now
        return now != before
    }
}
