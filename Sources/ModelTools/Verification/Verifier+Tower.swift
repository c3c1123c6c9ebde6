import Domain
import GLM4V
import ModelConfiguration
import Tensor

extension Verifier {
    /// Patches to the rows of the images, stage by stage: all of them from the pixels, so that the first that fails says where.
    func checkTower(_ report: Report) {
        let names = ["vision.embeddings", "vision.tower", "vision.downsampled", "vision.features"]
        guard names.contains(where: reference.has) else { return names.forEach { report(.absent($0)) } }
        guard let stages = load(names, report, { try towerStages(PictureEncoder(model: model, device: device).tower) }) else { return }
        for (name, values) in zip(names, stages) {
            // A tanh for the error function in the merger's GELU is only 3e-4 off.
            let limit = name == "vision.features" && tolerance.isExact ? 1e-4 : nil
            check(name, report) { try relative($0, values, limit: limit) }
        }
    }

    /// What the tower computes of all images in turn: embeddings, last hidden states, cells, rows.
    private func towerStages(_ tower: VisionTower) throws -> [[Float]] {
        let grids = try reference.imageGrids()
        var patches = try frames(tower.configuration, count: grids.reduce(0) { $0 + $1.count })
        var stages = [[Float]](repeating: [], count: 4)
        for grid in grids {
            let merge = tower.configuration.mergeSize
            guard grid.height % merge == 0, grid.width % merge == 0 else {
                throw VerificationError(
                    "processor.image_grid_thw has \(grid.height) × \(grid.width) patches, which are no cells of \(merge) × \(merge)")
            }
            let width = tower.configuration.channels * tower.configuration.patchSize * tower.configuration.patchSize
            let workspace = tower.embed(
                Array(patches.prefix(grid.count * width)), GridSize(height: grid.height / merge, width: grid.width / merge))
            patches = patches.dropFirst(grid.count * width)
            stages[0] += try device.floats(workspace.x)
            try tower.transform(workspace) {}
            stages[1] += try device.floats(workspace.x)
            let cells = tower.downsample(workspace)
            stages[2] += try device.floats(cells)
            stages[3] += try device.floats(tower.merge(cells, workspace))
        }
        return stages
    }

    /// One frame of each patch, `[count, 3 · patch · patch]`.
    /// - Throws: where the frames of a patch differ, as a video's do.
    private func frames(_ vision: GLM4VVisionConfiguration, count: Int) throws -> ArraySlice<Float> {
        let name = "processor.pixel_values"
        let area = vision.patchSize * vision.patchSize
        let plane = vision.temporalPatchSize * area
        let values = try reference.floats(name)
        guard count > 0, values.count == count * vision.channels * plane else {
            throw VerificationError("\(name) has \(values.count) elements, the grids have \(count * vision.channels * plane)")
        }
        var frames: [Float] = []
        for start in stride(from: 0, to: values.count, by: plane) {
            let first = values[start..<start + area]
            for frame in 1..<vision.temporalPatchSize where !values[(start + frame * area)...].starts(with: first) {
                throw VerificationError("\(name) holds patches whose frames differ, a video's")
            }
            frames += first
        }
        return frames[...]
    }
}
