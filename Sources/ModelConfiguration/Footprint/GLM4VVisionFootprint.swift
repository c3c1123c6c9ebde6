/// Bytes that the vision tower of a question model takes beside its weights. The tower allocates by it.
package struct GLM4VVisionFootprint: Sendable {
    private let vision: GLM4VVisionConfiguration
    /// Bytes of an element of activations.
    private let activation: Int

    /// - Parameter activationBytes: f32 on the CPU.
    package init(_ vision: GLM4VVisionConfiguration, activationBytes: Int = 4) {
        self.vision = vision
        activation = activationBytes
    }

    /// Elements of the memory that the phases of an image share: its pixels; queries, keys and values; both halves of SwiGLU, which are
    /// `outputSize` wide in a block, for each patch, and `intermediateSize` wide in the merger, for each cell.
    package func sharedElements(patches: Int) -> Int {
        let pixels = vision.channels * vision.patchSize * vision.patchSize
        let cells = patches / (vision.mergeSize * vision.mergeSize)
        return max(patches * max(pixels, 3 * vision.hiddenSize, 2 * vision.outputSize), cells * 2 * vision.intermediateSize)
    }

    /// The most that encoding an image of `cells` takes: the tower's `VisionWorkspace`, and the merger's input and result.
    package func encoding(cells: Int) -> Int {
        let patches = cells * vision.mergeSize * vision.mergeSize
        let activations = patches * 2 * vision.hiddenSize + sharedElements(patches: patches) + 2 * cells * vision.outputSize
        return activation * activations + 4 * patches * vision.headSize
    }
}
