import Foundation

/// Random numbers that can be repeated: the seed is new in every run, is printed before the first number is drawn, and is taken from
/// the environment variable `GLM_TEST_SEED` where that is set.
///
/// SplitMix64.
public struct SeededRandom: RandomNumberGenerator {
    public static let variable = "GLM_TEST_SEED"
    public let seed: UInt64
    private var state: UInt64

    /// - Parameters:
    ///   - name: what the line with the seed calls the test. It is written to standard error at once, since the test may end the process.
    ///   - seed: the seed to use; that of the environment, else a new one, if nil.
    public init(_ name: String, seed: UInt64? = nil) {
        self.seed = seed ?? ProcessInfo.processInfo.environment[Self.variable].flatMap(UInt64.init) ?? .random(in: .min ... .max)
        state = self.seed
        FileHandle.standardError.write(Data("\(name): \(Self.variable)=\(self.seed)\n".utf8))
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
