/// What a request can ask a fleet for: the name of an order of stages.
public enum PipelineID: String, Sendable, Hashable, CaseIterable {
    /// An image from a prompt, and from source images when there are any.
    case image
    /// Words that answer a conversation, about pictures when it has any.
    case answer

    /// What its models do, for messages.
    public var purpose: String {
        switch self {
        case .image: "makes images"
        case .answer: "answers questions"
        }
    }

    /// The stages that a request with this many source images passes, in the order of the work.
    public func stages(sources: Int) -> [StageKind] {
        switch self {
        case .image: StageKind.allCases.filter { sources > 0 || !$0.descriptor.needsSources }
        case .answer: sources > 0 ? [.vision, .text] : [.text]
        }
    }
}
