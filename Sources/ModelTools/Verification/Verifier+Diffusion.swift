import Domain
import ModelConfiguration
import Imaging
import Tensor
import Tokenizing
import GLMImage

extension Verifier {
    /// Quoted strings to embeddings, noise and schedule, the transformer, the autoencoder, and the whole picture.
    func checkDiffusion(_ report: Report) {
        let names = [
            "glyph.input_ids", "glyph.attention_mask", "glyph.embeddings", "diffusion.initial_latents", "diffusion.timesteps", "diffusion.sigmas",
            "diffusion.velocity_cond", "diffusion.velocity_uncond", "diffusion.final_latents", "vae.image", "pipeline.image",
        ]
        guard let renderer = load(names, report, { try ImageRenderer(model: model, devices: diffusion, dividing: division) }) else { return }
        checkGlyphs(renderer, report)
        checkStart(renderer, report)
        checkConditions(renderer, report)
        checkTransformer(renderer, report)
        check("vae.image", report) { name in
            let shape = try latentShape("diffusion.final_latents", renderer)
            return try relative(name, renderer.autoencoder.decode(reference.floats("diffusion.final_latents"), shape) {})
        }
        check("pipeline.image", report) { name in try wholePicture(name, renderer) }
    }

    private func checkGlyphs(_ renderer: ImageRenderer, _ report: Report) {
        let prompt = (try? reference.text("prompt")) ?? ""
        let batch = renderer.glyphs.batch(GlyphText.quotedStrings(in: prompt))
        check("glyph.input_ids", report) { name in try equal(name, batch.ids.joined().map(Int.init)) }
        check("glyph.attention_mask", report) { name in try equal(name, batch.mask.joined().map(Int.init)) }
        check("glyph.embeddings", report) { name in
            let embeddings = try renderer.glyphs.encode(GlyphBatch(ids: rows("glyph.input_ids"), mask: rows("glyph.attention_mask")))
            return try relative(name, device.floats(embeddings))
        }
    }

    private func checkStart(_ renderer: ImageRenderer, _ report: Report) {
        check("diffusion.initial_latents", report) { name in
            var generator = TorchGenerator(seed: try reference.number("seed"))
            return try relative(name, generator.normal(count: reference.floats(name).count))
        }
        check("diffusion.timesteps", report) { name in try relative(name, schedule(renderer).timesteps) }
        check("diffusion.sigmas", report) { name in try relative(name, schedule(renderer).sigmas) }
    }

    private func checkConditions(_ renderer: ImageRenderer, _ report: Report) {
        let images = (try? reference.sources()) ?? []
        for (index, image) in images.enumerated() {
            check("diffusion.condition.\(index).latents", report) { name in
                try relative(name, renderer.latents(of: image, codes: []) {}.latents)
            }
            check("diffusion.condition.\(index).prior_token_ids", report) { name in
                let grids = try reference.grids().sources
                let codes = try codes("vision.token_ids", renderer)
                guard index < grids.count, codes.count == grids.reduce(0, { $0 + $1.count }) else {
                    throw VerificationError("vision.token_ids has \(codes.count) codes, the source grids have \(grids.reduce(0) { $0 + $1.count })")
                }
                let start = grids[..<index].reduce(0) { $0 + $1.count }
                let grid = CodeGrid(grids[index], codes: Array(codes[start..<start + grids[index].count]))
                return try equal(name, grid.doubled.map(Int.init))
            }
        }
    }

    private func checkTransformer(_ renderer: ImageRenderer, _ report: Report) {
        let names = ["diffusion.velocity_cond", "diffusion.velocity_uncond", "diffusion.final_latents"]
        guard names.contains(where: reference.has) else { return names.forEach { report(.absent($0)) } }
        guard let noise = load(names, report, { try noise(renderer) }),
            let schedule = load(names, report, { try schedule(renderer) })
        else { return }
        for (name, side) in [(names[0], Denoiser.Branch.conditional), (names[1], .unconditional)] {
            check(name, report) { name in
                // Above 1, so that the unconditional side exists whatever the picture's guidance was.
                let denoiser = try denoiser(renderer, guidanceScale: 2)
                return try relative(name, denoiser.velocity(side, noise, timestep: schedule.timesteps[0]))
            }
        }
        check(names[2], report) { name in
            let denoiser = try denoiser(renderer, guidanceScale: reference.number("guidance_scale"))
            return try relative(name, denoiser.run(schedule, from: noise, checkCancellation: {}, onStep: { _ in }))
        }
    }

    /// From noise, codes and prompt to the picture, with our own glyph embeddings and source latents.
    private func wholePicture(_ name: String, _ renderer: ImageRenderer) throws -> Verdict {
        let size = try reference.size()
        let shape = renderer.autoencoder.latentShape(height: size.height, width: size.width)
        let sources = try reference.sources().enumerated().map { index, image in
            try renderer.latents(of: image, codes: codes("diffusion.condition.\(index).prior_token_ids", renderer)) {}
        }
        let denoiser = try denoiser(
            renderer, glyphs: renderer.glyphs.encode(GlyphText.quotedStrings(in: reference.text("prompt"))), sources: sources,
            guidanceScale: reference.number("guidance_scale"))
        let latents = try denoiser.run(schedule(renderer), from: noise(renderer), checkCancellation: {}, onStep: { _ in })
        let planes = try renderer.autoencoder.decode(latents, shape) {}
        let expected = try reference.picture(name)
        let image = try Autoencoder.picture(planes, height: size.height, width: size.width)
        return .picture(name, image.pixels, expected.pixels, tolerance)
    }

    /// A denoiser whose inputs all come from the file.
    private func denoiser(_ renderer: ImageRenderer, guidanceScale: Float) throws -> Denoiser {
        var sources: [SourceLatents] = []
        while reference.has("diffusion.condition.\(sources.count).latents") {
            let name = "diffusion.condition.\(sources.count)"
            let shape = try latentShape("\(name).latents", renderer)
            let scale = renderer.autoencoder.configuration.scale
            sources.append(
                SourceLatents(
                    latents: try reference.floats("\(name).latents"), shape: shape, height: shape.height * scale, width: shape.width * scale,
                    codes: try codes("\(name).prior_token_ids", renderer)))
        }
        let glyphs = try reference.shape("glyph.embeddings")
        guard glyphs.count == 3, glyphs[0] == 1, glyphs[2] == renderer.transformer.configuration.textEmbeddingSize else {
            throw VerificationError(
                "glyph.embeddings has shape \(glyphs), expected [1, tokens, \(renderer.transformer.configuration.textEmbeddingSize)]")
        }
        return try denoiser(
            renderer, glyphs: device.makeTensor(reference.floats("glyph.embeddings"), Shape(glyphs[glyphs.count - 2], glyphs[glyphs.count - 1])),
            sources: sources, guidanceScale: guidanceScale)
    }

    private func denoiser(_ renderer: ImageRenderer, glyphs: Tensor, sources: [SourceLatents], guidanceScale: Float) throws -> Denoiser {
        let size = try reference.size()
        let codes = try codes("diffusion.prior_token_ids", renderer)
        let patches = renderer.autoencoder.latentShape(height: size.height, width: size.width).grid.count
        guard codes.count == patches else {
            throw VerificationError("diffusion.prior_token_ids has \(codes.count) codes, the picture \(patches) patches")
        }
        for source in sources where source.codes.count != source.shape.grid.count {
            throw VerificationError("a source image has \(source.codes.count) codes and \(source.shape.grid.count) patches")
        }
        return try Denoiser(
            renderer, height: size.height, width: size.width, glyphs: glyphs, codes: codes, sources: renderer.write(sources) {},
            guidanceScale: guidanceScale)
    }

    private func schedule(_ renderer: ImageRenderer) throws -> Schedule {
        let size = try reference.size()
        let shape = renderer.autoencoder.latentShape(height: size.height, width: size.width)
        return Schedule(renderer.scheduler, steps: try reference.steps(), tokens: shape.grid.count)
    }

    private func noise(_ renderer: ImageRenderer) throws -> [Float] {
        let size = try reference.size()
        let expected = renderer.autoencoder.latentShape(height: size.height, width: size.width)
        guard try latentShape("diffusion.initial_latents", renderer) == expected else {
            throw VerificationError("diffusion.initial_latents is not [1, \(expected.channels), \(expected.height), \(expected.width)]")
        }
        return try reference.floats("diffusion.initial_latents")
    }

    private func codes(_ name: String, _ renderer: ImageRenderer) throws -> [Int32] {
        try reference.indices(name, below: renderer.transformer.configuration.codebookSize)
    }

    private func rows(_ name: String) throws -> [[Int32]] {
        let values = try reference.indices(name, below: 1 << 16)
        let columns = try reference.shape(name).last ?? 0
        return stride(from: 0, to: values.count, by: max(columns, 1)).map { Array(values[$0..<$0 + columns]) }
    }

    /// `[1, channels, h, w]`, h and w even.
    private func latentShape(_ name: String, _ renderer: ImageRenderer) throws -> LatentShape {
        let shape = try reference.shape(name)
        let channels = renderer.autoencoder.configuration.latentChannels
        guard shape.count == 4, shape[0] == 1, shape[1] == channels, shape[2] % 2 == 0, shape[3] % 2 == 0, shape[2] * shape[3] > 0 else {
            throw VerificationError("\(name) has shape \(shape), expected [1, \(channels), h, w] with even h and w")
        }
        return LatentShape(channels: shape[1], height: shape[2], width: shape[3])
    }
}
