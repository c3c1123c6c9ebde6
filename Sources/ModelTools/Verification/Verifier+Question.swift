import Domain
import GLM4V
import Imaging
import ModelConfiguration

extension Verifier {
    /// The conversation to text and tokens, and images to patches.
    func checkQuestion(_ report: Report) {
        let names = ["prompt.text", "processor.pixel_values", "processor.image_grid_thw", "processor.input_ids"]
        guard
            let parts = load(
                names, report,
                { () throws -> (PromptProcessor, GLM4VImageProcessorConfiguration) in
                    let configuration = try GLM4VConfiguration.load(model)
                    return (
                        try PromptProcessor(model, configuration), try GLM4VImageProcessorConfiguration.load(model, for: configuration.vision)
                    )
                })
        else { return }
        let (prompts, images) = parts

        check(names[0], report) { name in
            try equal(name, prompt(prompts, cells: reference.imageGrids().map { cells($0, images) }).text.text.utf8.map(Int.init))
        }
        check(names[1], report) { name in
            let patches = try reference.sources().flatMap { try images.patches(of: $0, size(images, $0)) }
            // A step of 1/255 of the pixel range, as wide as the largest deviation makes it after normalisation.
            let limit = images.rescaleFactor / Double(images.standardDeviation.min() ?? 1)
            return .absolute(
                name, repeating(patches, images), try reference.floats(name), limit: limit * 1.0001, detail: "one of 255 is \(limit)")
        }
        check(names[2], report) { name in
            let sizes = try reference.sources().map { try size(images, $0) }
            return try equal(name, sizes.flatMap { [1, $0.height / images.patchSize, $0.width / images.patchSize] })
        }
        check(names[3], report) { name in
            try equal(name, prompt(prompts, cells: reference.imageGrids().map { cells($0, images) }).ids.map(Int.init))
        }
    }

    private func prompt(_ processor: PromptProcessor, cells: [GridSize]) throws -> PromptProcessor.Prompt {
        var messages = try reference.conversation().messages
        var thinking = try reference.thinking()
        // GLM-4.1V's template drops thoughts, and the switch for thinking, without a word; we refuse them.
        if processor.template == .verbatim {
            for index in messages.indices { messages[index].reasoning = "" }
            thinking = .automatic
        }
        return try processor.prompt(Conversation(messages), grids: cells, thinking: thinking)
    }

    private func cells(_ patches: GridSize, _ images: GLM4VImageProcessorConfiguration) -> GridSize {
        GridSize(height: patches.height / images.mergeSize, width: patches.width / images.mergeSize)
    }

    private func size(_ images: GLM4VImageProcessorConfiguration, _ image: RGBImage) throws -> ImageSizeRule.Size {
        try images.sizeRule.size(height: image.height, width: image.width, field: "processor.image")
    }

    /// Each channel of each patch once for each frame of a patch.
    private func repeating(_ patches: [Float], _ images: GLM4VImageProcessorConfiguration) -> [Float] {
        let area = images.patchSize * images.patchSize
        return stride(from: 0, to: patches.count, by: area).flatMap { start in
            (0..<images.temporalPatchSize).flatMap { _ in patches[start..<start + area] }
        }
    }
}
