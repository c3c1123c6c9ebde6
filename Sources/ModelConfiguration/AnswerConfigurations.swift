package import Checkpoint
import Domain

/// What the files of a question model say of its parts.
package struct AnswerConfigurations: Sendable {
    package let text: GLM4VTextConfiguration
    package let vision: GLM4VVisionConfiguration
    package let processor: GLM4VImageProcessorConfiguration

    /// - Throws: `CheckpointError` or `GLMImageError`, naming the file and the key.
    package init(_ folder: ModelFolder) throws {
        let configuration = try GLM4VConfiguration.load(folder)
        (text, vision) = (configuration.text, configuration.vision)
        processor = try GLM4VImageProcessorConfiguration.load(folder, for: vision)
    }

    /// Tokens of an image of about `pixels`, as far as the processor leaves it so large.
    package func tokens(pixels: Int) -> Int {
        let rule = processor.sizeRule
        return min(max(pixels / (rule.cellSide * rule.cellSide), 1), rule.mostTokens)
    }

    /// Patches of an image of `tokens`.
    package func patches(tokens: Int) -> Int { tokens * processor.mergeSize * processor.mergeSize }
}
