import Tensor

extension Verifier {
    /// Patches to features, and features to codes.
    func checkVision(_ report: Report) {
        let names = ["vision.features", "vision.token_ids"]
        guard names.contains(where: reference.has) else { return names.forEach { report(.absent($0)) } }
        guard let encoder = load(names, report, { try VisionEncoder(model: model, device: device) }) else { return }

        check(names[0], report) { name in
            let features = try encoder.tower(reference.floats("processor.pixel_values"), grids: reference.grids().sources) {}
            return try relative(name, device.floats(features))
        }
        check(names[1], report) { name in
            let shape = try reference.shape("vision.features")
            let features = device.makeTensor(try reference.floats("vision.features"), Shape(shape))
            return try equal(name, encoder.quantizer(features).map(Int.init))
        }
    }
}
