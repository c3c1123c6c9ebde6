import Domain
import ModelConfiguration
import Tensor
import GLMImage

extension Verifier {
    /// Patches to features, and features to codes.
    func checkVision(_ report: Report) {
        let names = ["vision.features", "vision.token_ids"]
        guard names.contains(where: reference.has) else { return names.forEach { report(.absent($0)) } }
        guard let encoder = load(names, report, { try VisionEncoder(model: model, device: device) }) else { return }

        check(names[0], report) { name in
            let patches = try reference.floats("processor.pixel_values")
            let grids = try reference.grids().sources
            let configuration = encoder.tower.configuration
            let expected = grids.reduce(0) { $0 + $1.count } * configuration.channels * configuration.patchSize * configuration.patchSize
            guard patches.count == expected, expected > 0 else {
                throw VerificationError("processor.pixel_values has \(patches.count) elements, the grids have \(expected)")
            }
            let features = try encoder.tower(patches, grids: grids) {}
            return try relative(name, device.floats(features))
        }
        check(names[1], report) { name in
            let shape = try reference.shape("vision.features")
            guard shape.count == 2, shape[1] == encoder.tower.configuration.hiddenSize else {
                throw VerificationError("vision.features has shape \(shape), expected [patches, \(encoder.tower.configuration.hiddenSize)]")
            }
            let features = device.makeTensor(try reference.floats("vision.features"), Shape(shape))
            return try equal(name, encoder.quantizer(features).map(Int.init))
        }
    }
}
