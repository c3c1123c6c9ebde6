public import Checkpoint
package import Domain
public import Foundation

/// A checkpoint as far as its configurations and its weights' headers tell: what memory and work follow from.
public struct ModelDescription: Sendable {
    /// The folder's path.
    public let path: String
    package let configurations: Configurations
    package let weights: CheckpointWeights

    package enum Configurations: Sendable {
        case image(ImageConfigurations)
        case answer(AnswerConfigurations)
    }

    public var pipeline: ModelPipeline {
        switch configurations {
        case .image: .image
        case .answer: .answer
        }
    }

    /// - Throws: `CheckpointError` or `GLMImageError`, naming the file and the key or tensor.
    public init(_ folder: ModelFolder) throws {
        path = folder.url.standardizedFileURL.path
        configurations =
            switch folder.pipeline {
            case .image: .image(try ImageConfigurations(folder))
            case .answer: .answer(try AnswerConfigurations(folder))
            }
        weights = try CheckpointWeights(folder)
    }

    public init(_ url: URL) throws { try self.init(ModelFolder(url)) }

    /// Tokens of a conversation with its answer at most; nil for a model that has none.
    public var contextTokens: Int? {
        guard case .answer(let answer) = configurations else { return nil }
        return answer.text.maximumPositions
    }

    /// Of the text stage.
    package var decoder: DecoderShape {
        switch configurations {
        case .image(let image): image.text.shape
        case .answer(let answer): answer.text.shape
        }
    }

    /// Bytes of weights in the files, by the stage that holds them.
    package func fileBytes(_ kind: StageKind) -> Int { weights.stage(kind).fileBytes }
}
