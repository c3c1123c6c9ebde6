import Tensor

extension SelfTest {
    /// Decides how convolutions of f32 are computed. CANN's documents list those that keep f32 as not supported on A2 and A3, its code takes
    /// them: where a release obeys its documents, HF32 takes their place, with 11 bits of mantissa.
    /// - Parameter report: called if HF32 is used, with the reason.
    /// - Throws: `DeviceError` if neither computes rightly.
    func settleConvolution(_ report: (String) -> Void) throws {
        guard let reason = try failure(of: convolution) else { return }
        device.roundsConvolutions = true
        try require("convolution", limit: convolutionLimit, convolution)
        report("convolution that keeps f32, HF32 in its place: \(reason)")
    }

    var convolutionLimit: Double { device.roundsConvolutions ? max(limit, SelfTest.roundedLimit) : limit }
}
