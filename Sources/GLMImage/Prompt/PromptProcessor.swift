package import ModelConfiguration
package import Checkpoint
package import Domain
import Tokenizing

/// Turns a prompt and the grids around it into the decoder's tokens.
///
/// Reference: transformers 5.23 `GlmImageProcessor`. Text to image:
/// `{prompt}<sop>h w<eop><sop>ph pw<eop><image start>`, generated as preview raster, target raster, end. Image to image:
/// `{images}{prompt}<sop>h w<eop><image start>`, generated as target raster, end.
package struct PromptProcessor: Sendable {
    let tokenizer: Tokenizer
    private let template: ChatTemplate
    private let imageToken, imageStart, imageEnd: Int32
    /// Stands for one code of a source image, as text.
    private let imageText: String
    /// Opens and closes a grid's size.
    private let gridBegin, gridEnd: String
    /// The token that opens a picture, as text.
    package let bosText: String
    private let vocabularySize: Int

    package init(_ model: ModelFolder, _ configuration: VisionLanguageConfiguration) throws {
        let folder = model.component("processor")
        tokenizer = try Tokenizer(folder: folder)
        template = try ChatTemplate(folder: folder)
        vocabularySize = configuration.text.vocabularySize
        imageToken = Int32(configuration.imageTokenID)
        imageStart = Int32(configuration.imageStartTokenID)
        imageEnd = Int32(configuration.imageEndTokenID)
        gridBegin = try tokenizer.token(named: "grid_bos_token")
        gridEnd = try tokenizer.token(named: "grid_eos_token")
        imageText = try tokenizer.token(named: "image_token")
        bosText = try tokenizer.token(named: "bos_token")
        for (name, token, id) in [("image_token", imageText, imageToken), ("bos_token", bosText, imageStart)] where tokenizer.id(of: token) != id {
            throw GLMImageError(
                .unsupportedModel, "processor: \(name) \(token) has id \(tokenizer.id(of: token).map(String.init) ?? "none"), config.json says \(id)")
        }
    }

    /// A prompt ready for the decoder.
    package struct Prompt: Sendable, Hashable {
        /// `<|image|>` stands once for each code of each source image.
        package let ids: [Int32]
        package let sources: [GridSize]
        /// Generated before the target if there is no source image.
        package let preview: GridSize?
        package let target: GridSize
        package let positions: PositionPlan

        /// All tokens to generate, the end token included.
        package var generatedTokens: Int { (preview?.count ?? 0) + target.count + 1 }
    }

    /// - Throws: `RequestError` when the prompt itself contains one of the tokens that mark images.
    package func prompt(_ text: String, height: Int, width: Int, sources: [GridSize]) throws -> Prompt {
        let target = GridSize(height: height / RequestLimits.sizeMultiple, width: width / RequestLimits.sizeMultiple)
        let preview = sources.isEmpty ? PromptProcessor.preview(of: target) : nil
        func marker(_ grid: GridSize) -> String { "\(gridBegin)\(grid.height) \(grid.width)\(gridEnd)" }
        let suffix = marker(target) + (preview.map(marker) ?? "") + bosText
        let rendered = tokenizer.encode(template.render(prompt: text, imageCount: sources.count) + suffix)

        for id in rendered where id < 0 || id >= vocabularySize {
            throw GLMImageError(.unsupportedModel, "processor: tokenizer.json gives the id \(id), which is outside vocab_size \(vocabularySize)")
        }
        // A user's text must not be able to open an image of its own: every count below would be off.
        for (token, id, expected) in [
            (imageText, imageToken, sources.count), ("image start", imageStart, sources.count + 1), ("image end", imageEnd, sources.count),
        ] {
            let found = rendered.count { $0 == id }
            if found != expected {
                throw RequestError("prompt contains the special token \(token), which only marks pictures")
            }
        }
        var ids: [Int32] = []
        var next = 0
        for id in rendered {
            if id == imageToken {
                ids += Array(repeating: imageToken, count: sources[next].count)
                next += 1
            } else {
                ids.append(id)
            }
        }
        let drawn = (preview.map { [$0] } ?? []) + [target]
        return Prompt(ids: ids, sources: sources, preview: preview, target: target, positions: positions(ids, sources: sources, targets: drawn))
    }

    /// The positions of the prompt's tokens and of those generated after it; `targets` in the order they are generated.
    package func positions(_ ids: [Int32], sources: [GridSize], targets: [GridSize]) -> PositionPlan {
        PositionPlan(ids: ids, sources: sources, targets: targets, imageStart: imageStart, imageEnd: imageEnd)
    }

    /// The prompt's tokens with the source images' codes where `<|image|>` stood.
    package func fill(_ ids: [Int32], with codes: [Int32]) -> [Int32] {
        var rest = codes[...]
        return ids.map { $0 == imageToken ? rest.popFirst() ?? imageToken : $0 }
    }

    /// The preview's grid: about 256 tokens in the target's shape, rounded down as the reference does.
    package static func preview(of target: GridSize) -> GridSize {
        let ratio = Double(target.height) / Double(target.width)
        return GridSize(height: Int(ratio.squareRoot() * 16), width: Int((1 / ratio).squareRoot() * 16))
    }
}
