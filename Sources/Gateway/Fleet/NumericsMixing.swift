/// What becomes of stages whose numerics differ from those of other stages of the same kind and model: the same seed gives another image
/// there.
public enum NumericsMixing: String, Sendable, Hashable, CaseIterable {
    /// Requests go to the numerics that most slots have, and to others only while no such stage serves.
    case standby
    /// Requests go to the numerics of the first stage that served, never to others.
    case refuse
    /// Requests go to any stage; one that loses its stage is tried again on the same numerics first.
    case use
}
