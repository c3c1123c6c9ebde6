package import Domain

/// What the stages of a kind compute at the same time.
package struct Capacity: Sendable, Hashable {
    /// Stages that get requests.
    package var stages: Int
    /// Requests, of all stages together.
    package var slots: Int

    package init(stages: Int = 0, slots: Int = 0) {
        self.stages = stages
        self.slots = slots
    }

    /// Requests that are computed together at one stage, while so many are in all of them.
    func beside(_ requests: Int) -> Double { Double(min(requests, max(slots, 1))) / Double(max(stages, 1)) }
}

extension Registry {
    /// The stages of a kind that serve and are not on standby.
    /// - Parameter model: fingerprint of their model; nil: any.
    package func capacity(_ kind: StageKind, model: String? = nil) -> Capacity {
        let wanted = Set(models.values.compactMap { $0[kind] })
        var capacity = Capacity()
        for (traits, group) in replicas.groups where traits.serves(kind, model: model) {
            guard wanted.isEmpty || wanted.contains(traits.fingerprint) else { continue }
            if mixing != .use, traits.numerics != preferredNumerics(kind, model: traits.fingerprint) { continue }
            capacity.stages += group.members.count
            capacity.slots += group.slots
        }
        return capacity
    }
}
