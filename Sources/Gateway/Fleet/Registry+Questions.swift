package import Domain
import Wire

extension Registry {
    /// What is refused of questions to a model, as its stages have told: also those that do not serve now.
    /// - Parameter fingerprint: what stages of a kind have of the model; nil: anything.
    package func questionRules(_ fingerprint: (StageKind) -> String?) -> QuestionRules {
        func told<Value>(_ kind: StageKind, _ value: (StageDescription) -> Value?) -> Value? {
            let wanted = fingerprint(kind)
            let replicas = listing.filter { $0.kind == kind && (wanted == nil || $0.fingerprint == wanted) }
            return replicas.compactMap(\.description).compactMap(value).first
        }
        return QuestionRules(
            imageRule: told(.vision, \.imageRule), contextTokens: told(.text) { $0.contextTokens > 0 ? $0.contextTokens : nil } ?? 0)
    }
}
