import Domain
import Wire

extension Registry {
    /// Why not all requests that the gateway is there for can be computed now; nil: they can.
    package var readiness: String? {
        let missing = requirements(needed.all).first { !hasCandidates($0.kind, model: $0.model) }
        return missing.map { self.missing($0.kind, model: $0.model).message } ?? firstContact
    }

    /// Why it is not known yet which kinds are needed: a stage elsewhere that has neither said what it is nor failed to, or of all none has.
    private var firstContact: String? {
        let elsewhere = undescribed.filter { $0.origin.map(needed.isOpen) == true }
        let names = unresolved.filter { needed.isOpen(.name($0.key)) }.sorted { "\($0.key)" < "\($1.key)" }
        let isUnheard = elsewhere.contains { $0.problem == Replica.unheard } || names.contains { $0.value == NameAnswer().problem }
        guard isUnheard || needed.all.isEmpty else { return nil }
        let reasons = elsewhere.map { "\($0.address) \($0.problem)" } + names.map { "\($0.key) \($0.value)" }
        return reasons.isEmpty ? nil : "it is not known which stages there are: " + reasons.joined(separator: ", ")
    }
}

extension Fleet {
    /// Why not all requests that the gateway is there for can be computed now; nil: they can.
    public var readiness: String? { registry.readiness }

    /// Returns when all can be, or the task is cancelled.
    func ready() async { await until { $0.readiness == nil } }

    /// Tells whether all can be, now and after each change, until the task is cancelled.
    /// - Parameter tell: gets why not; nil: they can.
    func followReadiness(_ tell: @Sendable (_ problem: String?) -> Void) async {
        while !Task.isCancelled {
            let problem = registry.readiness
            tell(problem)
            await until { ($0.readiness == nil) != (problem == nil) }
        }
    }
}
