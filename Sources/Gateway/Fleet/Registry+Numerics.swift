package import Domain
import Wire

/// The stages whose numerics are compared: those that serve one model.
struct NumericsGroup: Sendable, Hashable {
    let kind: StageKind
    let fingerprint: String
}

/// Which numerics compute a request.
extension Registry {
    /// The numerics that requests of a kind and model have by preference: those of the most slots, so that the same request is computed
    /// alike however full the stages are. A stage that has to pass a probe again still counts. Nil where there is none.
    package func preferredNumerics(_ kind: StageKind, model: String?) -> Numerics? {
        var slots: [Numerics: Int] = [:]
        for (traits, group) in replicas.groups
        where traits.kind == kind && [.serves, .isBeingProbed].contains(traits.standing) && (model == nil || traits.fingerprint == model) {
            slots[traits.numerics, default: 0] += group.slots
        }
        return Self.mostSlots(slots)
    }

    /// The numerics that a request goes to: those that it had before, else the preferred, else those of most slots. Nil: any.
    /// - Parameter slots: of the stages that it may go to, by their numerics.
    func choice(of slots: [Numerics: Int], for request: SlotRequest) -> Numerics? {
        if let numerics = request.numerics, slots[numerics] != nil { return numerics }
        guard mixing != .use else { return nil }
        let preferred = slots.count > 1 ? preferredNumerics(request.kind, model: request.model) : nil
        return preferred.flatMap { slots[$0] == nil ? nil : $0 } ?? Self.mostSlots(slots)
    }

    /// Whether a stage serves, but gets requests only while others don't.
    package func isOnStandby(_ replica: Replica) -> Bool { mixing != .use && replica.serves && preferred(beside: replica) != replica.numerics }

    /// What an operator is to know of a stage that serves: its numerics are not those of the others. Nil where they are.
    package func note(on replica: Replica) -> String? {
        guard replica.serves, let kind = replica.kind else { return nil }
        if let preferred = preferred(beside: replica), mixing != .use, preferred != replica.numerics {
            return "on standby: computes \(replica.numerics), most slots \(preferred)"
        }
        let other = replicas.first { $0.serves(kind, model: replica.fingerprint) && $0.numerics != replica.numerics }
        return other.map { "computes \(replica.numerics), \($0.entry.name) \($0.traits.numerics)" }
    }

    /// The same, with the rows of that stage whose bits depend on how they are computed; empty: nothing.
    package func remark(on replica: Replica) -> String {
        ([note(on: replica)].compactMap(\.self) + (replica.description?.bitDifferences ?? [])).joined(separator: "; ")
    }

    /// With ``NumericsMixing/refuse``: why a stage gets no requests.
    func refusal(of replica: Replica) -> String? {
        guard mixing == .refuse, let group = replica.numericsGroup, let first = firstNumerics[group], first != replica.numerics else { return nil }
        return "computes \(replica.numerics), this fleet \(first), and --mixed-numerics is refuse"
    }

    /// A stage has shown that it works: the first of its kind and model decides.
    /// - Returns: why it gets no requests all the same.
    mutating func admit(_ replica: Replica) -> String? {
        guard mixing == .refuse, let group = replica.numericsGroup, replica.problem.isEmpty else { return nil }
        if firstNumerics[group] == nil { firstNumerics[group] = replica.numerics }
        return refusal(of: replica)
    }

    private func preferred(beside replica: Replica) -> Numerics? {
        replica.kind.flatMap { preferredNumerics($0, model: replica.fingerprint) }
    }

    private static func mostSlots(_ slots: [Numerics: Int]) -> Numerics? { slots.min { ($1.value, $0.key) < ($0.value, $1.key) }?.key }
}

extension Registry.Replica {
    /// Nil for a process that serves no model.
    fileprivate var numericsGroup: NumericsGroup? {
        kind.flatMap { fingerprint.isEmpty ? nil : NumericsGroup(kind: $0, fingerprint: fingerprint) }
    }
}
