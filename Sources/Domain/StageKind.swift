/// What a stage does, in the order of the work.
public enum StageKind: String, Codable, Sendable, Hashable, CaseIterable, Comparable, CodingKeyRepresentable, CustomStringConvertible {
    /// Source image in, codes out.
    case vision
    /// Prompt in, codes out.
    case text
    /// Codes in, picture out.
    case diffusion

    public var description: String { rawValue }

    public static func < (a: StageKind, b: StageKind) -> Bool { allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)! }
}
