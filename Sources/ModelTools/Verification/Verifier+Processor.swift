import Domain
import ModelConfiguration
import Imaging
import GLMImage

extension Verifier {
    /// Pictures to patches, and the prompt to tokens.
    func checkProcessor(_ report: Report) {
        let names = ["processor.pixel_values", "processor.image_grid_thw", "processor.input_ids"]
        guard
            let parts = load(
                names, report,
                { () throws -> (PromptProcessor, SourceImageRule, ProcessorConfiguration) in
                    let configuration = try ProcessorConfiguration.load(model)
                    return (try PromptProcessor(model, VisionLanguageConfiguration.load(model)), SourceImageRule(configuration), configuration)
                })
        else { return }
        let (processor, rule, configuration) = parts

        check(names[0], report) { name in
            let patches = try reference.sources().flatMap { try rule.patches(of: $0).values }
            // A step of 1/255 of the pixel range, as wide as the largest deviation makes it after normalisation.
            let limit = Double(configuration.rescaleFactor / (configuration.standardDeviation.min() ?? 1))
            return .absolute(name, patches, try reference.floats(name), limit: limit * 1.0001, detail: "one of 255 is \(limit)")
        }
        check(names[1], report) { name in
            let sources = try reference.sources().map { try rule.patches(of: $0).grid }
            let prompt = try prompt(processor, sources: sources)
            let grids = sources + [prompt.target] + (prompt.preview.map { [$0] } ?? [])
            return try equal(name, grids.flatMap { [1, $0.height, $0.width] })
        }
        check(names[2], report) { name in
            try equal(name, prompt(processor, sources: reference.grids().sources).ids.map(Int.init))
        }
    }

    private func prompt(_ processor: PromptProcessor, sources: [GridSize]) throws -> PromptProcessor.Prompt {
        let size = try reference.size()
        return try processor.prompt(reference.text("prompt"), height: size.height, width: size.width, sources: sources)
    }
}
