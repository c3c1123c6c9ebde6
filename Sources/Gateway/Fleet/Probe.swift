import Imaging
import Domain
import Wire

/// The smallest request of each kind: one that is answered rightly shows that the stage's model runs. It is an ordinary request,
/// so stages of other builds can be probed the same way.
enum Probe {
    private static let side = 32
    private static let prompt = "a red circle"

    /// Throws what the stage answers, or INTERNAL when the answer is not one to this request.
    static func run(_ kind: StageKind, _ connection: StageConnection, _ settings: CallSettings) async throws {
        switch kind {
        case .vision:
            let grid = try await VisionClient(connection).encode(EncodeRequest(image: try picture()), settings).grid
            try expect(!grid.codes.isEmpty && grid.codes.count == grid.height * grid.width, "codes of a picture", "\(grid.codes.count)")
        case .text:
            let request = GenerateTokensRequest(prompt: prompt, height: side, width: side, seed: 0, sampling: Sampling(greedy: true))
            let target = try await TextClient(connection).generate(request, settings).target
            try expect(target.height == 1 && target.width == 1 && target.codes.count == 1, "1 code", "\(target.codes.count)")
        case .diffusion:
            let request = RenderRequest(
                prompt: prompt, height: side, width: side, target: CodeGrid(height: 1, width: 1, codes: [0]), sources: [], steps: 1,
                guidanceScale: 1, seed: 0, format: .png, jpegQuality: 0)
            let picture = try await DiffusionClient(connection).render(request, settings)
            let header = try? ImageHeader(picture.image)
            try expect(header?.height == side && header?.width == side, "a picture of \(side) × \(side)", "\(picture.image.count) bytes")
        }
    }

    private static func picture() throws -> [UInt8] {
        try RGBImage(width: side, height: side, pixels: Array(repeating: 127, count: side * side * 3)).png()
    }

    private static func expect(_ holds: Bool, _ wanted: String, _ got: String) throws(CallError) {
        guard holds else { throw CallError(.internalError, "the smallest request wants \(wanted), the stage answered \(got)") }
    }
}
