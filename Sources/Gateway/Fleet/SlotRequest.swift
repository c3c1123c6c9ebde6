package import Domain

/// What a request waits for: a slot of a stage.
package struct SlotRequest: Sendable, Hashable {
    package var kind: StageKind
    /// Of the request: the smaller goes first.
    package var arrival: Int
    /// The model that the request names.
    package var modelName: String
    /// Fingerprint that the stage must have; nil: any.
    package var model: String?
    /// Processes that have failed this request.
    package var avoid: Set<Registry.Incarnation>
    /// It may have crashed stages: no other request is to be on the same one.
    package var isolated: Bool

    package init(
        kind: StageKind, arrival: Int, modelName: String = "", model: String? = nil, avoid: Set<Registry.Incarnation> = [], isolated: Bool = false
    ) {
        self.kind = kind
        self.arrival = arrival
        self.modelName = modelName
        self.model = model
        self.avoid = avoid
        self.isolated = isolated
    }
}
