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
        Self.mostSlots(
            replicas.values.filter {
                $0.kind == kind && $0.health == .serving && ($0.serves || $0.isBeingProbed) && (model == nil || $0.fingerprint == model)
            })
    }

    /// Those of some stages that a request goes to: with the numerics that it had before, else with the preferred, else with those of most slots.
    package func choice(of replicas: [Replica], for request: SlotRequest) -> [Replica] {
        var wishes = [request.numerics]
        if mixing != .use { wishes += [preferredNumerics(request.kind, model: request.model), Self.mostSlots(replicas)] }
        for wish in wishes {
            let alike = replicas.filter { $0.numerics == wish }
            if !alike.isEmpty { return alike }
        }
        return replicas
    }

    /// Whether a stage serves, but gets requests only while others don't.
    package func isOnStandby(_ replica: Replica) -> Bool { mixing != .use && replica.serves && preferred(beside: replica) != replica.numerics }

    /// What an operator is to know of a stage that serves: its numerics are not those of the others. Nil where they are.
    package func note(on replica: Replica) -> String? {
        guard replica.serves, let kind = replica.kind else { return nil }
        if let preferred = preferred(beside: replica), mixing != .use, preferred != replica.numerics {
            return "on standby: computes \(replica.numerics), most slots \(preferred)"
        }
        let other = candidates(kind, model: replica.fingerprint).first { $0.numerics != replica.numerics }
        return other.map { "computes \(replica.numerics), \($0.name) \($0.numerics)" }
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

    private static func mostSlots(_ replicas: [Replica]) -> Numerics? {
        var slots: [Numerics: Int] = [:]
        for replica in replicas { slots[replica.numerics, default: 0] += replica.slots }
        return slots.min { ($1.value, $0.key) < ($0.value, $1.key) }?.key
    }
}

extension Registry.Replica {
    /// Nil for a process that serves no model.
    fileprivate var numericsGroup: NumericsGroup? {
        kind.flatMap { fingerprint.isEmpty ? nil : NumericsGroup(kind: $0, fingerprint: fingerprint) }
    }
}
