import Domain

extension StageNumerics {
    /// As answers tell it, under the names of `glm --json`; what does not apply is left out.
    var json: JSONValue {
        var told: [String: JSONValue] = [
            "stage": .string(stage), "precision": .string(numerics.precision), "kernels": .string(numerics.kernels),
        ]
        if !numerics.quantization.isEmpty { told["quantization"] = .string(numerics.quantization) }
        if numerics.tileSide > 0 { told["tile_side"] = .integer(numerics.tileSide) }
        if let level = numerics.determinism { told["determinism"] = .integer(level) }
        if let insteadOf { told["instead_of"] = .string("\(insteadOf)") }
        return .object(told)
    }
}
