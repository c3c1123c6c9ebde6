/// Bytes that the vision stage's model takes beside its weights.
package struct VisionFootprint: Sendable {
    private let vision: VisionConfiguration
    private let quantizer: QuantizerConfiguration

    package init(_ vision: VisionConfiguration, _ quantizer: QuantizerConfiguration) {
        self.vision = vision
        self.quantizer = quantizer
    }

    /// The most that encoding an image of `patches` takes: either the tower's `VisionWorkspace` and the pixels, or its result and
    /// the quantizer's products with the whole codebook.
    package func encoding(patches: Int) -> Int {
        let hidden = vision.hiddenSize
        let tower = 5 * hidden + vision.intermediateSize + vision.channels * vision.patchSize * vision.patchSize
        let quantizing = hidden + quantizer.codeSize + quantizer.codebookSize + 1
        return 4 * patches * max(tower, quantizing)
    }
}
