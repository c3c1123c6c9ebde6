import Imaging
import Domain
import Wire

/// The smallest request of each kind: one that is answered rightly shows that the stage's model runs. It is an ordinary request,
/// so stages of other builds can be probed the same way.
enum Probe {
    /// What one has shown.
    enum Outcome: Sendable {
        /// The stage responds.
        /// - Parameter duration: that it computed for; zero where it was too busy to.
        case passed(in: Duration)
        /// What is wrong with it.
        case failed(String)
    }

    private static let side = 32
    private static let prompt = "a red circle"

    /// - Returns: how long the stage computed, without what the request waited for behind others.
    /// - Throws: what the stage answers, or INTERNAL when the answer is not one to this request.
    static func run(_ kind: StageKind, _ pipeline: PipelineID, _ connection: StageConnection) async throws -> Duration {
        let start = ContinuousClock.now
        let timings = try await timings(kind, pipeline, connection)
        let total = start.duration(to: .now), told = timings.reduce(0) { $0 + $1.seconds }
        return told > 0 ? min(.seconds(min(told, total.inSeconds)), total) : total
    }

    /// The phases of the stage that has answered rightly.
    private static func timings(_ kind: StageKind, _ pipeline: PipelineID, _ connection: StageConnection) async throws -> [Timing] {
        let settings = CallSettings()
        switch (pipeline, kind) {
        case (.answer, .vision):
            let rows = EmbeddedRows()
            let result = try await VisionClient(connection).embed(EmbedRequest(image: try picture()), settings) { try rows.add($0) }
            _ = try rows.complete()
            return result.timings
        case (.answer, _):
            let question = try Conversation([ChatMessage(.user, prompt)])
            let request = try AnswerRequest(
                conversation: question, pictures: [], parameters: AnswerParameters(AnswerOptions(maxTokens: 1, seed: 0, temperature: 0)))
            let result = try await TextClient(connection).answer(request, settings)
            try expect(result.usage.completionTokens == 1, "1 token", "\(result.usage.completionTokens)")
            return result.timings
        case (.image, .vision):
            // A grid that is empty or whose extents are wrong is no grid, and refused when it is read.
            return try await VisionClient(connection).encode(EncodeRequest(image: try picture()), settings).timings
        case (.image, .text):
            let tokens = try await TextClient(connection).generate(TokenRequest(prompt: prompt, parameters: smallest()), settings)
            try expect(tokens.target.size == GridSize(height: 1, width: 1), "1 code", "\(tokens.target.codes.count)")
            return tokens.timings
        case (.image, .diffusion):
            let target = CodeGrid(GridSize(height: 1, width: 1), codes: [0])
            let request = try RenderRequest(prompt: prompt, parameters: smallest(), target: target)
            let picture = try await DiffusionClient(connection).render(request, settings)
            let header = try? ImageHeader(picture.image)
            try expect(header?.height == side && header?.width == side, "a picture of \(side) × \(side)", "\(picture.image.count) bytes")
            return picture.timings
        }
    }

    /// How far the stage has come with whatever it computes: ``StageDescription/progress``; nil where it does not answer.
    static func progress(_ connection: StageConnection, within limit: Duration) async -> Int? {
        try? await StageClient(connection).describe(CallSettings(timeout: min(limit, .seconds(5)))).progress
    }

    private static func smallest() throws -> ImageParameters {
        try ImageParameters(ImageOptions(height: side, width: side, steps: 1, guidanceScale: 1, seed: 0, sampling: Sampling(greedy: true)))
    }

    private static func picture() throws -> [UInt8] {
        try RGBImage(width: side, height: side, pixels: Array(repeating: 127, count: side * side * 3)).png()
    }

    private static func expect(_ holds: Bool, _ wanted: String, _ got: String) throws(CallError) {
        guard holds else { throw CallError(.internalError, "the smallest request wants \(wanted), the stage answered \(got)") }
    }
}
