import Domain
import Wire

extension Registry {
    /// What Status tells of the models.
    /// - Parameter done: requests that were computed, by the model's name.
    func modelInformation(done: [String: Int]) -> [ModelInformation] {
        modelNames.map { name in
            let pipeline = pipeline(of: name)
            let planned = models[name] ?? [:]
            func isOf(_ replica: Replica) -> Bool {
                guard let kind = replica.kind else { return false }
                return planned[kind].map { $0 == replica.fingerprint } ?? (replica.modelName == name)
            }
            let stages = listing.filter { $0.serves && isOf($0) }
            let told = Dictionary(stages.compactMap { stage in stage.kind.map { ($0, stage.fingerprint) } }, uniquingKeysWith: { first, _ in first })
            let served = Set(stages.compactMap(\.kind))
            return ModelInformation(
                name: name, pipeline: pipeline?.rawValue ?? listing.first(where: isOf)?.description?.pipeline ?? "",
                fingerprint: ModelSet.joined(told.merging(planned) { $1 }), stages: stages.map(\.name),
                missing: (pipeline?.stages(sources: 1) ?? []).filter { !served.contains($0) }.map(\.rawValue), requests: done[name] ?? 0)
        }
    }
}
