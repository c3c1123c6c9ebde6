package import Domain

/// What a request waits for: a slot of a stage.
package struct SlotRequest: Sendable, Hashable {
    package var kind: StageKind
    /// Of the request among all: the smaller goes first.
    package var turn: FairOrder.Turn
    /// The model that the request names.
    package var modelName: String
    /// Fingerprint that the stage must have; nil: any.
    package var model: String?
    /// The numerics that it was computed with so far; nil: none yet.
    package var numerics: Numerics?
    /// Processes that have failed this request.
    package var avoid: Set<Registry.Incarnation>
    /// It may have crashed stages: no other request is to be on the same one.
    package var isolated: Bool
    /// What the stage must allow of it.
    package var stepCache: Float

    package init(
        kind: StageKind, turn: FairOrder.Turn, modelName: String = "", model: String? = nil, numerics: Numerics? = nil,
        avoid: Set<Registry.Incarnation> = [], isolated: Bool = false, stepCache: Float = 0
    ) {
        self.kind = kind
        self.turn = turn
        self.modelName = modelName
        self.model = model
        self.numerics = numerics
        self.avoid = avoid
        self.isolated = isolated
        self.stepCache = stepCache
    }
}
