import Checkpoint
import Domain

/// How far a part of the model may be from the reference.
struct Tolerance {
    /// The error that is allowed, relative to the reference's largest magnitude.
    let relative: Double
    /// The arithmetic is the reference's: pictures and choices have limits of their own, much narrower.
    let isExact: Bool

    private static let f32 = 1e-3, bf16 = 3e-2
    /// Of a model with int8 weights beside the reference of the model that it was made from. With the weights alone rounded to int8 and all
    /// products in f32, the rows of the random checkpoints in Tests/Fixtures are up to 6.1e-2 off (`text.hidden_last`; towers 2.5e-2, logits
    /// 4.3e-2, velocities 4e-3), those of glm-tiny 1.7e-2. With the rows that they multiply by rounded to int8 too, as some devices do, logits are up to 5.4e-2 off and
    /// velocities 5e-3, those of glm-tiny 2e-2: the limit leaves `text.hidden_last` the same.
    private static let int8 = 1.2e-1

    /// - Parameter stored: how the model's components store the weights of products. Of int4 a reference is made with the same weights, which
    ///   are read as bf16 here.
    init(_ precision: Precision, _ stored: [WeightQuantization]) {
        let limits = stored.map { form in
            switch form {
            case .none: Self.f32
            case .autoRound: Self.bf16
            case .int8, .modelSlim: Self.int8
            }
        }
        relative = max(precision == .f32 ? Self.f32 : Self.bf16, limits.max() ?? 0)
        isExact = relative == Self.f32
    }
}
