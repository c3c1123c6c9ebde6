/// What a stage does, in the order of the work.
public enum StageKind: String, Codable, Sendable, Hashable, CaseIterable, Comparable, CodingKeyRepresentable {
    /// Source picture in, codes out.
    case vision
    /// Prompt in, codes out.
    case text
    /// Codes in, picture out.
    case diffusion

    /// The program that is such a stage.
    public var program: String { "glm-\(rawValue)" }

    /// The stages that a request with so many source pictures needs.
    public static func needed(sources: Int) -> [StageKind] { sources == 0 ? [.text, .diffusion] : [.vision, .text, .diffusion] }

    public static func < (a: StageKind, b: StageKind) -> Bool { allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)! }
}
