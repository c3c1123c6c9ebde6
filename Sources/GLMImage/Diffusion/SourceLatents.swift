/// A source image as the transformer reads it.
package struct SourceLatents: Sendable {
    package let latents: [Float]  // [channels, h, w], normalised
    package let shape: LatentShape
    package let height, width: Int  // pixels
    package let codes: [Int32]  // one for each patch of 2 × 2 latents

    package init(latents: [Float], shape: LatentShape, height: Int, width: Int, codes: [Int32]) {
        self.latents = latents
        self.shape = shape
        self.height = height
        self.width = width
        self.codes = codes
    }
}
