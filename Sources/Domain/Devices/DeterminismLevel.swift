/// What an accelerator is asked to keep of a result's bits: CANN's `ACL_OPT_DETERMINISTIC`. Each level keeps what the lower ones keep.
/// The CPU has no levels: there a row has the same bits each time, wherever it stands and whatever is computed with it.
public enum DeterminismLevel: Int, Codable, Sendable, CaseIterable, Comparable, CustomStringConvertible {
    /// CANN's own default: a run may differ from the one before.
    case off = 0
    /// The same call gives the same bits each time.
    case repeatable = 1
    /// A row's bits do not depend on its place in a matrix.
    case positionIndependent = 2
    /// Nor on the rows that are computed with it.
    case batchInvariant = 3

    public var description: String { "\(rawValue)" }

    public static func < (a: DeterminismLevel, b: DeterminismLevel) -> Bool { a.rawValue < b.rawValue }
}
