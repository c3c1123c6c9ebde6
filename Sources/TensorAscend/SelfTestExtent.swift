/// What a device computes before it is used.
public enum SelfTestExtent: Sendable {
    /// Each operation on a small input.
    case quick
    /// The same, then each operation at a shape of the models, and the bits of rows alone and together: a second or two on a card.
    case full
}
