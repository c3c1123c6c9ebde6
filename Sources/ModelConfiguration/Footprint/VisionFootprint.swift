/// Bytes that the vision stage's model takes beside its weights.
package struct VisionFootprint: Sendable {
    private let vision: VisionConfiguration
    private let quantizer: QuantizerConfiguration
    /// Bytes of an element of activations.
    private let activation: Int

    /// - Parameter activationBytes: f32 on the CPU.
    package init(_ vision: VisionConfiguration, _ quantizer: QuantizerConfiguration, activationBytes: Int = 4) {
        self.vision = vision
        self.quantizer = quantizer
        activation = activationBytes
    }

    /// The most that encoding an image of `patches` takes: either the tower's `VisionWorkspace` and the pixels, or its result and
    /// the quantizer's latents, products with the whole codebook, and codes, of 4 bytes everywhere.
    package func encoding(patches: Int) -> Int {
        let hidden = vision.hiddenSize
        let tower = 5 * hidden + vision.intermediateSize + vision.channels * vision.patchSize * vision.patchSize
        let quantizing = quantizer.codeSize + quantizer.codebookSize + 1
        return patches * max(activation * tower, activation * hidden + 4 * quantizing)
    }
}
