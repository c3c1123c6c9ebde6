package import Domain
package import Wire

/// Why a request can't be computed now.
extension Registry {
    /// Why no stage of a kind and model serves, and why none comes back where that is known.
    package func missing(_ kind: StageKind, model: String?, _ pipeline: PipelineID? = nil) -> CallError {
        var error = absent(kind, model, pipeline)
        if let reason = absences[kind] { error.message += "; \(reason)" }
        return error
    }

    private func absent(_ kind: StageKind, _ model: String?, _ pipeline: PipelineID?) -> CallError {
        // Stages of another pipeline are none that could come to serve.
        func isKnown(_ traits: StageTraits) -> Bool {
            traits.kind == kind && (pipeline == nil || traits.pipeline == pipeline || traits.modelName.isEmpty)
        }
        let groups = replicas.groups.filter { isKnown($0.key) }
        guard !groups.isEmpty else {
            // A socket that has not answered may be of the kind by its name.
            let silent = undescribed.first { "\($0.address)".contains("/\(kind.rawValue)-") }
            let elsewhere = unheard(kind)
            let detail = (silent.map { ["\($0.address) \($0.problem)"] } ?? []) + elsewhere
            let advice = absences[kind] == nil && elsewhere.isEmpty ? ["start \(kind.descriptor.program) \(place)"] : []
            return CallError(
                .unavailable, (["no \(kind) stage is running"] + detail + advice).joined(separator: "; "),
                retryAfter: silent == nil ? nil : .milliseconds(200))
        }
        let comes = groups.keys.contains { [.isStarting, .isBeingProbed].contains($0.standing) }
        var reasons = replicas.replicas(replicas.entries(first: Self.reasonsTold, where: isKnown)).map { replica in
            if let model, replica.serves, replica.fingerprint != model {
                return "\(replica.name) has model \(replica.fingerprint), wanted is \(model)"
            }
            return "\(replica.name) \(replica.reason)"
        }
        let others = groups.values.reduce(0) { $0 + $1.members.count } - reasons.count
        if others > 0 { reasons.append("and \(others) more") }
        return CallError(
            .unavailable, "no \(kind) stage serves: " + reasons.joined(separator: ", "), retryAfter: comes ? .milliseconds(200) : nil)
    }

    /// Of how many stages a refusal tells why they don't serve: what is wrong with a thousand is wrong with the first of them.
    private static let reasonsTold = 16

    /// Stages that have not said what they are.
    var undescribed: [Replica] { replicas.replicas(replicas.entries { $0.kind == nil }).filter { $0.description == nil } }

    /// What is wrong with stages elsewhere that may be of the kind and have not said what they are.
    private func unheard(_ kind: StageKind) -> [String] {
        func maybe(_ origin: StageOrigin) -> Bool { needed.told["\(origin)"]?.contains(kind) ?? true }
        let silent = undescribed.filter { $0.origin.map(maybe) == true }.prefix(Self.reasonsTold)
        return silent.map { "\($0.address) \($0.problem)" } + unresolved.filter { maybe(.name($0.key)) }.map { "\($0.key) \($0.value)" }.sorted()
    }
}
