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
    /// 4.3e-2, velocities 4e-3), those of glm-tiny 1.7e-2. Devices that also round the rows they multiply by to int8 add about as much.
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
