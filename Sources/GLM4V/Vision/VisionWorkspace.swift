import Foundation
import Layers
import ModelConfiguration
package import Tensor

/// The tower's activations for one image. ``GLM4VVisionFootprint`` counts them.
package struct VisionWorkspace {
    package let x: Tensor  // [patches, hidden]
    let normed: Tensor  // [patches, hidden]; also the attention's output
    let rotary: RotaryTable  // [patches, headSize / 2]
    /// Shared by what is never there at once: pixels; queries, keys and values; both halves of SwiGLU, in a block and in the merger.
    private let shared: Tensor

    init(_ grid: PatchGrid, _ configuration: GLM4VVisionConfiguration, _ type: DType, on device: any Device) {
        x = device.makeTensor(Shape(grid.count, configuration.hiddenSize), type)
        normed = device.makeTensor(x.shape, type)
        rotary = RotaryTable(rows: grid.count, pairs: configuration.headSize / 2, on: device)
        shared = device.makeTensor(Shape(GLM4VVisionFootprint(configuration).sharedElements(patches: grid.count)), type)
        rotary.write(Self.angles(grid, configuration), on: device)
    }

    /// `[patches, columns]`
    func scratch(columns: Int) -> Tensor { shared.prefix(Shape(x.rows, columns)) }

    /// Twice `[rows, columns]`
    func gatedRoom(rows: Int, columns: Int) -> GatedRoom {
        let count = rows * columns
        let shape = Shape(rows, columns)
        return GatedRoom(gate: shared.elements(0..<count).reshaped(shape), up: shared.elements(count..<2 * count).reshaped(shape))
    }

    /// Angles of each patch: the first half of them turn by its row, the rest by its column, over the same frequencies.
    ///
    /// Reference: transformers 5.23 `Glm4vVisionRotaryEmbedding`.
    private static func angles(_ grid: PatchGrid, _ configuration: GLM4VVisionConfiguration) -> [Float] {
        let pairs = configuration.headSize / 2
        let frequencies = stride(from: 0, to: pairs, by: 2).map { 1 / powf(configuration.ropeTheta, Float($0) / Float(pairs)) }
        var angles = [Float](repeating: 0, count: grid.count * pairs)
        for row in 0..<grid.height {
            for column in 0..<grid.width {
                let start = grid.index(row: row, column: column) * pairs
                for (index, frequency) in frequencies.enumerated() {
                    angles[start + index] = Float(row) * frequency
                    angles[start + frequencies.count + index] = Float(column) * frequency
                }
            }
        }
        return angles
    }
}
