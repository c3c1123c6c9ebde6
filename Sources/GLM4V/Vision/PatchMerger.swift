import Checkpoint
import Layers
import ModelConfiguration
import Tensor

/// Patches to the rows that the decoder reads, one for each cell: a convolution over the cell, then LayerNorm, GELU and SwiGLU.
///
/// Reference: transformers 5.23 `Glm4vVisionModel.downsample` and `Glm4vVisionPatchMerger`.
struct PatchMerger {
    private let device: any Device
    private let downsample: Linear  // [out, merge · merge · hidden]
    private let projection: Linear  // [out, out]   merger.proj
    private let norm: LayerNorm  // [out]   merger.post_projection_norm
    private let gateUp: GatedLinear  // [inner, out]   merger.gate_proj, merger.up_proj
    private let down: Linear  // [out, inner]   merger.down_proj

    init(_ weights: WeightScope, _ configuration: GLM4VVisionConfiguration) throws {
        device = weights.device
        let (hidden, output, inner) = (configuration.hiddenSize, configuration.outputSize, configuration.intermediateSize)
        let convolution = weights.scope("downsample")
        let kernel = try weights.map.take(convolution.prefix + "weight", Shape([output, hidden, configuration.mergeSize, configuration.mergeSize]))
        downsample = Linear(
            device: device, weight: MatrixWeight(device.place(kernel.inCellOrder())), bias: try convolution.vector("bias", output))
        let merger = weights.scope("merger")
        projection = try merger.linear("proj", from: output, to: output, bias: false)
        // torch's default epsilon, not rms_norm_eps.
        norm = try LayerNorm(merger.scope("post_projection_norm"), output, epsilon: 1e-5)
        gateUp = try merger.gatedLinear("gate_proj", "up_proj", from: output, to: inner, .silu)
        down = try merger.linear("down_proj", from: inner, to: output, bias: false)
    }

    /// The element type of what passes between the tower's operations. The patches' own weights don't tell: sums of frames, they are f32.
    var activationType: DType { device.activationType(beside: downsample.weight.elements) }

    /// `x [patches, hidden]` to `[cells, out]`: the patches of a cell follow one another.
    func downsampled(_ x: Tensor) -> Tensor {
        let cells = x.shape.count / downsample.weight.inputs
        let result = device.makeTensor(Shape(cells, downsample.weight.outputs), x.dtype)
        downsample(x.reshaped(Shape(cells, downsample.weight.inputs)), into: result)
        return result
    }

    /// `cells [cells, out]` to the rows, of the same shape.
    func merged(_ cells: Tensor, _ workspace: VisionWorkspace) -> Tensor {
        let result = device.makeTensor(cells.shape, cells.dtype)
        projection(cells, into: result)
        norm(result, into: result)
        device.activate(.gelu, result, into: result)
        let room = workspace.gatedRoom(rows: cells.rows, columns: gateUp.outputs)
        gateUp(result, room: room, into: room.gate)
        down(room.gate, into: result)
        return result
    }
}

extension Tensor {
    /// A convolution's kernel `[out, in, rows, columns]` in host memory as the weight `[out, rows · columns · in]` of a product, in the
    /// stored type.
    fileprivate func inCellOrder() -> Tensor {
        let (outputs, inputs, places) = (shape[0], shape[1], shape[2] * shape[3])
        let storage = Storage(address: .allocate(byteCount: max(byteCount, 1), alignment: 64), byteCount: byteCount) { $0.deallocate() }
        func reorder<Bits>(_ type: Bits.Type) {
            let source = address.assumingMemoryBound(to: type)
            let target = storage.address.bindMemory(to: type, capacity: shape.count)
            for output in 0..<outputs {
                for input in 0..<inputs {
                    for place in 0..<places {
                        target[(output * places + place) * inputs + input] = source[(output * inputs + input) * places + place]
                    }
                }
            }
        }
        if dtype == .f32 { reorder(UInt32.self) } else { reorder(UInt16.self) }
        return Tensor(storage: storage, dtype: dtype, shape: Shape(outputs, places * inputs))
    }
}
