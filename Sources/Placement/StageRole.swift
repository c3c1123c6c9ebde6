/// The part of the model that a stage computes, in the order of the work. The raw values are the names of the kinds of stages.
public enum StageRole: String, Codable, Sendable, Hashable, CaseIterable, CodingKeyRepresentable {
    /// Source picture in, codes out.
    case vision
    /// Prompt in, codes out.
    case text
    /// Codes in, picture out.
    case diffusion
}
