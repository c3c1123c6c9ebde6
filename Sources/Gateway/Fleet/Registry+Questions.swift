package import Domain
import Wire

extension Registry {
    /// What is refused of questions to a model, as its stages have told: also those that do not serve now.
    /// - Parameter fingerprint: what stages of a kind have of the model; nil: anything.
    package func questionRules(_ fingerprint: (StageKind) -> String?) -> QuestionRules {
        func told(_ kind: StageKind, _ tells: (StageTraits) -> Bool) -> StageTraits? {
            let wanted = fingerprint(kind)
            return replicas.first { $0.kind == kind && (wanted == nil || $0.fingerprint == wanted) && tells($0) }?.traits
        }
        return QuestionRules(
            imageRule: told(.vision) { $0.imageRule != nil }?.imageRule, contextTokens: told(.text) { $0.contextTokens > 0 }?.contextTokens ?? 0)
    }
}
