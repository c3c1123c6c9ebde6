package import Checkpoint

/// What the files of a question model say of its parts.
package struct AnswerConfigurations: Sendable {
    package let text: GLM4VTextConfiguration
    package let vision: GLM4VVisionConfiguration
    package let processor: GLM4VImageProcessorConfiguration

    /// - Throws: `CheckpointError`, naming the file and the key.
    package init(_ folder: ModelFolder) throws {
        let configuration = try GLM4VConfiguration.load(folder)
        (text, vision) = (configuration.text, configuration.vision)
        processor = try GLM4VImageProcessorConfiguration.load(folder)
    }

    /// Pixels of the largest picture after its resize; the processor counts those of all frames.
    package var pixels: Int { processor.maximumPixels / processor.temporalPatchSize }

    /// Patches of a picture of `pixels` at most: sides are whole cells.
    package func patches(pixels: Int) -> Int { cells(pixels: pixels) * processor.mergeSize * processor.mergeSize }

    /// Tokens of a picture of `pixels` at most.
    package func cells(pixels: Int) -> Int { pixels / (processor.cellSide * processor.cellSide) }
}
