import Domain
import Wire

/// What decides which requests a stage gets, and what they are told of it: stages with the same traits stand for each other.
struct StageTraits: Sendable, Hashable {
    enum Standing: Sendable, Hashable {
        case serves
        /// A probe will show whether it serves; none has failed yet.
        case isBeingProbed
        /// It says so itself, and answers.
        case isStarting
        case isAway
    }

    /// Nil of what has not told, or is none.
    let kind: StageKind?
    let standing: Standing
    let modelName, fingerprint: String
    let pipeline: PipelineID?
    let numerics: Numerics
    let maxStepCache: Float
    let defaultSide, contextTokens: Int
    let imageRule: ImageSizeRule?

    init(_ replica: Registry.Replica) {
        let description = replica.description
        kind = replica.kind
        standing =
            if replica.serves {
                .serves
            } else if replica.isBeingProbed {
                .isBeingProbed
            } else {
                description?.state == .starting && !replica.isSilent ? .isStarting : .isAway
            }
        (modelName, fingerprint, pipeline, numerics) = (replica.modelName, replica.fingerprint, replica.pipeline, replica.numerics)
        // What is no number would equal nothing, itself included.
        maxStepCache = max(0, description?.limits.maxStepCache ?? 0)
        (defaultSide, contextTokens, imageRule) = (description?.defaultSide ?? 0, description?.contextTokens ?? 0, description?.imageRule)
    }

    /// Whether it is for requests for a model, serving or not.
    /// - Parameters:
    ///   - model: its fingerprint; nil: any.
    ///   - pipeline: what the model computes; nil: anything.
    func computes(_ kind: StageKind, model: String?, _ pipeline: PipelineID? = nil) -> Bool {
        self.kind == kind && (model == nil || fingerprint == model) && (pipeline == nil || self.pipeline == pipeline)
    }

    func serves(_ kind: StageKind, model: String?, _ pipeline: PipelineID? = nil) -> Bool {
        standing == .serves && computes(kind, model: model, pipeline)
    }
}

/// A stage's place in the order in which people read them: by kind, those of none last, then by name.
struct StageEntry: Sendable, Hashable, Comparable {
    let kind: StageKind?
    let name: String
    let address: Address

    static func < (a: StageEntry, b: StageEntry) -> Bool {
        if a.kind != b.kind { return b.kind == nil || (a.kind != nil && a.kind! < b.kind!) }
        return a.name == b.name ? "\(a.address)" < "\(b.address)" : a.name < b.name
    }
}

/// All that a stage is for those who wait.
struct StageSeat: Sendable, Hashable {
    let entry: StageEntry
    let traits: StageTraits
    let slots: Int
    let incarnation: Registry.Incarnation
    let isSilent: Bool

    init(_ replica: Registry.Replica) {
        entry = StageEntry(kind: replica.kind, name: replica.name, address: replica.address)
        traits = StageTraits(replica)
        (slots, incarnation, isSilent) = (replica.slots, replica.incarnation, replica.isSilent)
    }
}
