/// What a request can ask a fleet for: the name of an order of stages.
public enum PipelineID: String, Sendable, Hashable, CaseIterable {
    /// An image from a prompt, and from source images when there are any.
    case image

    /// The stages that a request with this many source images passes, in the order of the work.
    public func stages(sources: Int) -> [StageKind] {
        switch self {
        case .image: StageKind.allCases.filter { sources > 0 || !$0.descriptor.needsSources }
        }
    }
}
