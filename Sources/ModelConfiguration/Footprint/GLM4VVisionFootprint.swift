/// Bytes that the vision stage of a question model takes beside its weights, f32.
package struct GLM4VVisionFootprint: Sendable {
    private let vision: GLM4VVisionConfiguration

    package init(_ vision: GLM4VVisionConfiguration) { self.vision = vision }

    /// The most that a picture of `patches` takes: the tower's workspace and the pixels, or the merger's.
    package func encoding(patches: Int) -> Int {
        let pixels = vision.channels * vision.temporalPatchSize * vision.patchSize * vision.patchSize
        let angles = vision.headSize
        let tower = 7 * vision.hiddenSize + 3 * vision.outputSize + pixels + angles
        let cells = patches / (vision.mergeSize * vision.mergeSize)
        let merger = 3 * vision.outputSize + 3 * vision.intermediateSize
        return 4 * max(patches * tower, patches * vision.hiddenSize + cells * merger)
    }
}
