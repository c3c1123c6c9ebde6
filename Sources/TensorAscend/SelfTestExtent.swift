/// What a device computes before it is used.
public enum SelfTestExtent: Sendable {
    /// Each operation on a small input.
    case quick
    /// The same, then each operation at a shape of the models: about a second on a card.
    case full
    /// The same, then rows alone and together, bit by bit: another second.
    case fullWithRows
}
