import Domain
import Gateway
import Testing
import Wire

@Suite(.timeLimit(.minutes(1))) struct StepCacheTests {
    /// Diffusion stages that allow so much each, and serve.
    private func registry(_ allowed: [Float], model: String = "aa") -> Registry {
        var registry = Stages.registry(allowed.indices.map { ("diffusion", "\($0)", model) })
        for (index, most) in allowed.enumerated() {
            registry.heard(
                Stages.address("diffusion-\(index)"), Stages.description("diffusion", "\(index)", model: model, stepCache: most), .serving)
        }
        return registry
    }

    private func slot(_ stepCache: Float, arrival: Int = 1) -> SlotRequest {
        SlotRequest(kind: .diffusion, turn: FairOrder.Turn(arrival: arrival), stepCache: stepCache)
    }

    @Test("more than any stage of the model allows is refused with limit and value, also while that stage is away")
    func refused() {
        var registry = registry([0.25, 0, 0.5])
        let refusal = CallError(.invalidArgument, "step_cache 0.75, this fleet allows 0.5")
        #expect(registry.refusal(ofStepCache: 0.75, model: "aa") == refusal)
        for value in [0, 0.25, 0.5] as [Float] { #expect(registry.refusal(ofStepCache: value, model: "aa") == nil) }
        registry.lost(Stages.address("diffusion-2"), "does not answer")
        #expect(registry.refusal(ofStepCache: 0.5, model: "aa") == nil && registry.refusal(ofStepCache: 0.75, model: "aa") == refusal)
        #expect(
            self.registry([0]).refusal(ofStepCache: 0.1, model: "aa")
                == CallError(.invalidArgument, "step_cache 0.1, this fleet allows none; --step-cache of its diffusion stages says how much"))
    }

    @Test("stages of another model allow nothing of this one, and before a stage has told anything nothing is refused")
    func unknown() {
        var registry = registry([0.5], model: "bb")
        #expect(registry.mostStepCache(model: "aa") == nil && registry.refusal(ofStepCache: 1, model: "aa") == nil)
        _ = registry.know([Stages.address("diffusion-0"), Stages.address("diffusion-1")])
        #expect(registry.mostStepCache(model: "bb") == 0.5)
    }

    @Test("a request goes to a stage that allows as much as it asks for and to no other; one that asks for nothing to any")
    func routed() {
        var scheduler = SlotScheduler(Stages.firstOfEqual)
        let registry = registry([0, 0.25, 0.5])
        let wants = scheduler.enqueue(slot(0.5, arrival: 1)), waits = scheduler.enqueue(slot(0.5, arrival: 2)),
            less = scheduler.enqueue(slot(0.1, arrival: 3)), plain = scheduler.enqueue(slot(0, arrival: 4))
        var given = Dictionary(uniqueKeysWithValues: scheduler.assign(registry).map { ($0.id, $0.address) })
        #expect(given == [wants: Stages.address("diffusion-2"), less: Stages.address("diffusion-1"), plain: Stages.address("diffusion-0")])
        scheduler.release(wants)
        given = Dictionary(uniqueKeysWithValues: scheduler.assign(registry).map { ($0.id, $0.address) })
        #expect(given == [waits: Stages.address("diffusion-2")])
    }

    @Test("the stage is told, the answer tells how many steps were computed in full, and what is too much is refused before any work")
    func served() async throws {
        let fleet = try await ScriptedFleet.start(
            [.text, .diffusion, ScriptedStage(kind: .diffusion, stepCache: 0.25)],
            diffusion: { request, scene in scene.log.add("\(scene.stage) \(request.parameters.stepCache)") })
        func draw(_ value: Float?) async throws -> GeneratedImage {
            let options = ImageOptions(height: 64, width: 64, steps: 3, seed: 3, stepCache: value)
            return try await fleet.gateway.generate(GenerateImageRequest(prompt: "p", parameters: options))
        }
        for _ in 1...3 {
            let image = try await draw(0.25)
            #expect(image.parameters.stepCache == 0.25 && image.fullSteps == 1)
        }
        #expect(fleet.log.events.count { $0 == "diffusion-1 0.25" } == 3 && !fleet.log.events.contains("diffusion-0 0.25"))
        let before = fleet.log.events.count
        let refusal = await #expect(throws: CallError.self) { try await draw(0.5) }
        #expect(refusal == CallError(.invalidArgument, "step_cache 0.5, this fleet allows 0.25") && fleet.log.events.count == before)
        let invalid = await #expect(throws: CallError.self) { try await draw(1.5) }
        #expect(invalid == CallError(.invalidArgument, "step_cache 1.5 is outside 0.0 through 1.0"))
        #expect(try await draw(nil).parameters.stepCache == 0)
        try await fleet.stop()
    }
}
