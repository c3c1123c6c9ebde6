import Domain
import Foundation
import Gateway
import Processes
import ServerKit
import Synchronization
import Testing
import Wire

/// Previews on slots that nobody needs, over real sockets.
@Suite(.timeLimit(.minutes(1))) struct PreviewRouterTests {
    private static let grid = GridSize(height: 2, width: 1)
    private static let text = ScriptedStage(kind: .text, preview: grid)

    /// A request that is large enough to have its preview rendered.
    private func request(seed: UInt64, partials: Int = 3) -> GenerateImageRequest {
        let parameters = ImageOptions(height: 128, width: 128, steps: 20, seed: seed)
        return GenerateImageRequest(prompt: "p", parameters: parameters, partialImages: partials)
    }

    private static func isPreview(_ request: RenderRequest) -> Bool { request.target.size == grid }
    private static let picture = ScriptedFleet.picture(seed: 7, codes: 16)

    @Test("the preview is rendered while text goes on, and told first; the denoiser's partial images follow")
    func beside() async throws {
        let told = Promise<Void>(), partials = Partials()
        let fleet = try await ScriptedFleet.start([Self.text, .diffusion]) { _, _ in _ = await told.value }
        let image = try await fleet.gateway.generate(request(seed: 7), CallSettings(requestID: "r")) { event in
            guard case .partial(let partial) = event else { return }
            partials.add(partial)
            told.fulfil(())
        }
        #expect(try image.drawn == Self.picture && image.numerics.count == 2)
        #expect(partials.all.map(\.index) == [0, 1, 2])
        // The preview's codes and the seed; then steps.
        #expect(try partials.all.map { try $0.drawn } == [[0, 1, 7], [1], [2]])
        #expect(fleet.log.events == ["text r", "text-0 computes", "diffusion r", "diffusion r"])
        try await fleet.stop()
    }

    @Test("a preview that is not done when text is ends, and the denoiser makes all partial images")
    func late() async throws {
        let partials = Partials()
        let fleet = try await ScriptedFleet.start([Self.text, .diffusion]) { _, scene in
            await scene.log.wait(for: "preview begins")
        } diffusion: { request, scene in
            guard Self.isPreview(request) else { return }
            scene.log.add("preview begins")
            try await scene.computeUntilCancelled()
        }
        let image = try await fleet.gateway.generate(request(seed: 7)) { if case .partial(let partial) = $0 { partials.add(partial) } }
        #expect(try image.drawn == Self.picture && partials.all.map(\.index) == [0, 1, 2] && partials.all.map { try $0.drawn } == [[1], [2], [3]])
        #expect(try await fleet.status { _ in true }.retries == 0)
        try await fleet.stop()
    }

    @Test("a preview gives way to another's rendering")
    func givesWay() async throws {
        let otherIsDone = Promise<Void>(), partials = Partials()
        let fleet = try await ScriptedFleet.start([Self.text, Self.text, .diffusion]) { request, _ in
            if request.parameters.seed == 7 { _ = await otherIsDone.value }
        } diffusion: { request, scene in
            guard Self.isPreview(request) else { return }
            scene.log.add("preview begins")
            try await scene.computeUntilCancelled()
        }
        let waiting = Task {
            try await fleet.gateway.generate(request(seed: 7)) { if case .partial(let partial) = $0 { partials.add(partial) } }
        }
        await fleet.log.wait(for: "preview begins")
        #expect(try await fleet.gateway.generate(request(seed: 8, partials: 0)).drawn == ScriptedFleet.picture(seed: 8, codes: 16))
        otherIsDone.fulfil(())
        #expect(try await waiting.value.drawn == Self.picture && partials.all.map { try $0.drawn } == [[1], [2], [3]])
        try await fleet.stop()
    }

    @Test("a preview that fails costs its request nothing, and the stage no blame")
    func fails() async throws {
        let partials = Partials()
        let fleet = try await ScriptedFleet.start([Self.text, .diffusion]) { _, scene in
            await scene.log.wait(for: "preview fails")
        } diffusion: { request, scene in
            guard Self.isPreview(request) else { return }
            scene.log.add("preview fails")
            throw CallError(.internalError, "broken")
        }
        let image = try await fleet.gateway.generate(request(seed: 7)) { if case .partial(let partial) = $0 { partials.add(partial) } }
        #expect(try image.drawn == Self.picture && partials.all.map(\.index) == [0, 1, 2])
        let status = try await fleet.status { _ in true }
        #expect(status.retries == 0 && status.queues.first { $0.kind == "diffusion" }?.done == 1)
        try await fleet.stop()
    }

    @Test("who asks for none gets none, and nothing is rendered for nobody")
    func none() async throws {
        let partials = Partials()
        let fleet = try await ScriptedFleet.start([Self.text, .diffusion])
        _ = try await fleet.gateway.generate(request(seed: 7, partials: 0), CallSettings(requestID: "r")) {
            if case .partial(let partial) = $0 { partials.add(partial) }
        }
        #expect(partials.all.isEmpty && fleet.log.events.count { $0 == "diffusion r" } == 1)
        try await fleet.stop()
    }

    @Test("more than three partial images are refused")
    func refused() async throws {
        let fleet = try await ScriptedFleet.start([Self.text, .diffusion])
        let refusal = await #expect(throws: CallError.self) {
            _ = try await fleet.gateway.generate(request(seed: 1, partials: 4))
        }
        #expect(refusal == CallError(.invalidArgument, "partial_images 4 is outside 0 through 3"))
        try await fleet.stop()
    }
}

private final class Partials: Sendable {
    private let partials = Mutex<[PartialImage]>([])

    var all: [PartialImage] { partials.withLock { $0 } }

    @Sendable func add(_ partial: PartialImage) { partials.withLock { $0.append(partial) } }
}
