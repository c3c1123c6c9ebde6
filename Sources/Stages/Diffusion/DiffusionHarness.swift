import GLMImage
import Domain
public import ServerKit
public import Wire

/// Answers the wire with a diffusion service.
public struct DiffusionHarness<Service: DiffusionService>: DiffusionHandler {
    private let service: Service
    private let gate: WorkGate

    public init(_ service: Service, gate: WorkGate) {
        self.service = service
        self.gate = gate
    }

    public func render(_ request: Wire.RenderRequest, _ call: ServerCall, send: @escaping Send<RenderEvent>) async throws {
        let order = try RenderOrder(checking: request)
        try await gate.work(call) { token in
            let steps = EventBuffer<Int>()
            async let rendered = {
                defer { steps.finish() }
                return try await service.render(order, token: token, onStep: steps.append)
            }()
            do {
                for await batch in steps {
                    for step in batch { try await send(.step(RenderStep(step: step, steps: order.steps))) }
                }
            } catch {
                // Nobody reads any more: the loop stops at its next step.
                token.cancel(.callerLeft)
                throw error
            }
            try await send(.result(try await rendered))
        }
    }
}

extension RenderOrder {
    /// JPEG quality where the request names none.
    static let defaultQuality = 90

    /// Refuses what no checkpoint could compute, before it waits in line.
    init(checking request: Wire.RenderRequest) throws {
        try RequestLimits.checkPrompt(request.prompt)
        try RequestLimits.checkSize(height: request.height, width: request.width)
        try RequestLimits.checkSteps(request.steps)
        try RequestLimits.checkGuidanceScale(request.guidanceScale)
        try RequestLimits.checkSourceCount(request.sources.count)
        guard (0...100).contains(request.jpegQuality) else {
            throw CallError(.invalidArgument, "jpeg_quality is \(request.jpegQuality); 1 to 100, or 0 for \(Self.defaultQuality)")
        }
        let cells = (height: request.height / RequestLimits.sizeMultiple, width: request.width / RequestLimits.sizeMultiple)
        guard request.target.height == cells.height, request.target.width == cells.width else {
            throw CallError(
                .invalidArgument,
                "target is \(request.target.height) × \(request.target.width) codes; a picture of \(request.height) × \(request.width) pixels has \(cells.height) × \(cells.width)"
            )
        }
        self.init(
            prompt: request.prompt, height: request.height, width: request.width, target: try GLMImage.CodeGrid(request.target, "target"),
            sources: try request.sources.enumerated().map { index, source in
                try checkPicture(source.image, "sources[\(index)].image")
                return Source(picture: source.image, codes: try GLMImage.CodeGrid(source.codes, "sources[\(index)].codes"))
            },
            steps: request.steps, guidanceScale: request.guidanceScale, seed: request.seed, format: request.format,
            jpegQuality: request.jpegQuality == 0 ? Self.defaultQuality : request.jpegQuality)
    }
}
