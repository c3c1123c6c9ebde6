import Domain
import Wire

/// The small grid that text generates before the image's, as it comes.
struct PreviewGrid: Sendable, Hashable {
    /// Codes of a side that an image can have.
    private static let sides = 1...RequestLimits.sides.upperBound / RequestLimits.sizeMultiple

    private var size: GridSize?
    private var codes: [Int32] = []
    private var isTaken = false

    /// Generation begins, for the first time or anew on another stage.
    mutating func began(_ layout: TokenLayout) {
        size = layout.preview.flatMap { Self.sides.contains($0.height) && Self.sides.contains($0.width) ? $0 : nil }
        codes = []
    }

    /// The preview's tokens are the first of all.
    mutating func received(_ tokens: Tokens) {
        guard let size, codes.count < size.count, tokens.first <= codes.count else { return }
        codes += tokens.ids.dropFirst(codes.count - tokens.first).prefix(size.count - codes.count)
    }

    /// The grid, once it is complete, and only once; nil: there is none, it is not complete, or it was taken.
    mutating func take() -> CodeGrid? {
        guard !isTaken, let size, codes.count == size.count else { return nil }
        isTaken = true
        return CodeGrid(size, codes: codes)
    }
}

extension ImageRequest {
    /// Of a preview's rendering. Fewer show too little.
    private static let previewSteps = 4...8
    /// What a preview's rendering may cost of the request's own.
    private static let previewShare = 0.03

    /// A rendering of the preview at its own size, in few steps and without guidance; nil: it would cost too much of a request as small as
    /// this, or an image can't have its shape.
    func rendering(of preview: CodeGrid) -> StageCall? {
        let height = preview.height * RequestLimits.sizeMultiple, width = preview.width * RequestLimits.sizeMultiple
        var options = parameters.options
        options.height = height
        options.width = width
        options.guidanceScale = 1
        options.jpegQuality = PartialImages.quality
        // Too few steps for it, and any stage will do.
        options.stepCache = nil
        let step = Self.units(height: height, width: width, steps: 1, guidanceScale: 1)
        let steps = min(Int((units[.diffusion] ?? 0) * Self.previewShare / step), Self.previewSteps.upperBound)
        guard steps >= Self.previewSteps.lowerBound else { return nil }
        options.steps = steps
        guard let parameters = try? ImageParameters(options),
            let request = try? RenderRequest(prompt: prompt, parameters: parameters, target: preview, explicitLabel: explicitLabel)
        else { return nil }
        return StageCall(.render(request), units: step * Double(steps), isSideCall: true)
    }
}
