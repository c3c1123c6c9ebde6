import ModelConfiguration
import Checkpoint
import Layers
package import Tensor

/// Turns features into codes: a 1 × 1 convolution, then the nearest code by angle.
///
/// Reference: transformers 5.23 `GlmImageVQVAE.encode`. Of L2-normalised vectors the nearest is the one with the largest
/// product, and the feature's own length changes no order, so only the codebook is normalised. Both weights are held in f32,
/// which no precision rounds: a code is right or wrong.
package struct Quantizer {
    private let device: any Device
    private let projection: Linear  // [codeSize, latentChannels]   quant_conv
    private let codebook: MatrixWeight  // [codes, codeSize], rows of length 1

    init(_ weights: WeightScope, _ configuration: QuantizerConfiguration) throws {
        device = weights.device
        let shape = Shape([configuration.codeSize, configuration.latentChannels, 1, 1])
        let scope = weights.scope("quant_conv")
        projection = Linear(
            device: device,
            weight: MatrixWeight(
                device.makeTensor(
                    try weights.map.take(scope.prefix + "weight", shape).hostFloats(), Shape(configuration.codeSize, configuration.latentChannels))),
            bias: try scope.vector("bias", configuration.codeSize))

        let table = Shape(configuration.codebookSize, configuration.codeSize)
        var rows = try weights.map.take(weights.prefix + "quantize.embedding.weight", table).hostFloats()
        for start in stride(from: 0, to: rows.count, by: configuration.codeSize) {
            let row = start..<start + configuration.codeSize
            let length = max(rows[row].reduce(0) { $0 + $1 * $1 }.squareRoot(), 1e-12)
            for index in row { rows[index] /= length }
        }
        codebook = MatrixWeight(device.makeTensor(rows, table))
        // The way back to features is stored with every checkpoint and read by nothing.
        weights.map.ignore(prefix: weights.prefix + "post_quant_conv.")
    }

    /// The code of each row of `features [patches, latentChannels]`. Latents and products are f32 for the same reason as the weights.
    package func callAsFunction(_ features: Tensor) throws -> [Int32] {
        let latents = device.makeTensor(Shape(features.rows, codebook.inputs), .f32)
        projection(features, into: latents)
        let products = device.makeTensor(Shape(features.rows, codebook.outputs), .f32)
        device.linear(latents, codebook, bias: nil, .store(.identity), into: products)
        let codes = device.makeTensor(Shape(features.rows), .i32)
        device.argmax(products, into: codes)
        return try device.integers(codes)
    }
}
