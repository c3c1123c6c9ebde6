import Domain
import GLMImage
import Imaging

/// Requests within the limits, in short.
enum Requests {
    static func parameters(
        _ height: Int, _ width: Int, steps: Int = 1, guidanceScale: Float = 1.5, seed: UInt64 = 0, sampling: Sampling? = nil
    ) -> ImageParameters {
        let options = ImageOptions(height: height, width: width, steps: steps, guidanceScale: guidanceScale, seed: seed, sampling: sampling)
        return try! ImageParameters(options)
    }

    static func tokens(
        _ prompt: String, _ height: Int, _ width: Int, sources: [CodeGrid] = [], seed: UInt64, sampling: Sampling? = nil
    ) -> TokenRequest {
        try! TokenRequest(prompt: prompt, parameters: parameters(height, width, seed: seed, sampling: sampling), sources: sources)
    }

    static func grid(_ height: Int, _ width: Int, _ codes: [Int32]) -> CodeGrid { CodeGrid(GridSize(height: height, width: width), codes: codes) }

    static func source(_ image: RGBImage, _ codes: CodeGrid) throws -> SourceImage { try SourceImage(image: image.png(), codes: codes) }
}
