import Tensor

// Each operation once at a shape of the models, where tilings, splits over cores and limits differ from those of a small input.

extension SelfTest {
    /// A check at the shape of a model; of a fused operator, its flag.
    typealias RealShape = (name: String, flag: WritableKeyPath<FusedOperators, Bool>?, check: () throws -> Double)

    /// Checks what is used: a fused operator that is wrong is given up, and its composition must be right.
    func runRealShapes(_ report: (String) -> Void) throws {
        for (name, flag, check) in realShapes {
            if let flag, device.fused[keyPath: flag] {
                guard let reason = try failure(of: check) else { continue }
                device.fused[keyPath: flag] = false
                report("\(name): \(reason)")
            }
            try require(name, check)
        }
    }

    private var realShapes: [RealShape] { [] }
}
