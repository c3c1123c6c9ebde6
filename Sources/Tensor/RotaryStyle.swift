/// Which elements of a head a rotation turns together.
public enum RotaryStyle: Sendable, Hashable, CaseIterable {
    /// Element i and element i + angles.
    case halves
    /// Elements 2i and 2i + 1.
    case interleaved
}
