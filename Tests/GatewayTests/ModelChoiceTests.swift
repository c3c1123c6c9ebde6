import Domain
import Gateway
import Testing
import Wire

/// Which model computes a request, in a fleet whose models are for different things.
@Suite struct ModelChoiceTests {
    /// A registry of serving stages of models "draws" (text, diffusion) and "answers" (vision, text).
    private func registry(_ models: [String] = ["draws", "answers"]) -> Registry {
        var registry = Registry(place: "there")
        let all = [("draws", "text", "0"), ("draws", "diffusion", "0"), ("answers", "vision", "0"), ("answers", "text", "1")]
        let stages = all.filter { models.contains($0.0) }
        _ = registry.know(Set(stages.map { Stages.address("\($0.1)-\($0.2)") }))
        for (model, kind, instance) in stages {
            var description = Stages.description(kind, instance, model: model, name: model)
            description.pipeline = model == "answers" ? "answer" : ""
            registry.heard(Stages.address("\(kind)-\(instance)"), description, .serving)
            registry.passedProbe(Stages.address("\(kind)-\(instance)"))
        }
        return registry
    }

    private let draws = ModelSet(name: "draws", fingerprints: [.text: "draws", .diffusion: "draws"])
    private let answers = ModelSet(name: "answers", fingerprints: [.vision: "answers", .text: "answers"])

    @Test("a request that names no model gets the only one that can compute it, planned or not", arguments: [false, true])
    func only(planned: Bool) throws {
        var registry = registry()
        if planned {
            registry.models = ["draws": draws.fingerprints, "answers": answers.fingerprints]
            registry.pipelines = ["draws": .image, "answers": .answer]
        }
        #expect(try registry.modelSet(for: [.text, .diffusion]) == draws)
        #expect(try registry.modelSet(pipeline: .answer, for: [.vision, .text]) == answers)
        #expect(try registry.modelSet(named: "answers", pipeline: .answer, for: [.text]).fingerprints == [.text: "answers"])
    }

    @Test("a key's request without a name goes to the only one of its models that can compute it")
    func allowed() throws {
        let registry = registry()
        for allowed in [["draws"], ["draws", "answers"], ["gone", "draws"]] {
            #expect(try registry.modelSet(named: "", within: allowed, pipeline: .image, for: [.text, .diffusion]) == draws)
        }
        #expect(try registry.modelSet(named: "answers", within: ["draws", "answers"], pipeline: .answer, for: [.vision, .text]) == answers)
        #expect(try registry.modelSet(named: "draws", within: [], pipeline: .image, for: [.text, .diffusion]) == draws)
    }

    @Test("a model that a key may not use is refused as one that is not there, and no other model is named", arguments: ["answers", "gone"])
    func forbidden(name: String) {
        #expect(throws: CallError(.failedPrecondition, "there is no model \(name) for this key; it may use draws")) {
            try registry().modelSet(named: name, within: ["draws"], pipeline: .answer, for: [.text])
        }
        #expect(throws: CallError(.failedPrecondition, "there is no model gone for this key; it may use gone")) {
            try registry().modelSet(named: "gone", within: ["gone"], pipeline: .image, for: [.text, .diffusion])
        }
        #expect(throws: CallError(.failedPrecondition, "there is no model that can do this for this key; it may use draws")) {
            try registry().modelSet(named: "", within: ["draws"], pipeline: .answer, for: [.text])
        }
    }

    @Test("a model for something else is refused by name, with the one that is meant")
    func otherPipeline() {
        let registry = registry()
        #expect(
            throws: CallError(.failedPrecondition, "model answers answers questions only; this fleet has draws, which makes images")
        ) { try registry.modelSet(named: "answers", for: [.text, .diffusion]) }
        #expect(
            throws: CallError(.failedPrecondition, "model draws makes images only; this fleet has answers, which answers questions")
        ) { try registry.modelSet(named: "draws", pipeline: .answer, for: [.text]) }
    }

    @Test("a fleet without such a model says what it has")
    func none() {
        #expect(
            throws: CallError(.failedPrecondition, "this fleet has no model that answers questions; it has draws, which makes images")
        ) { try registry(["draws"]).modelSet(pipeline: .answer, for: [.text]) }
        #expect(
            throws: CallError(.failedPrecondition, "this fleet has no model that makes images; it has answers, which answers questions")
        ) { try registry(["answers"]).modelSet(for: [.text, .diffusion]) }
        #expect(
            throws: CallError(
                .failedPrecondition,
                "model draws makes images only; this fleet has no model that answers questions; it has draws, which makes images")
        ) { try registry(["draws"]).modelSet(named: "draws", pipeline: .answer, for: [.text]) }
    }

    @Test("a stage that has not told yet what it is may be of any model: the request is told to come again")
    func unknown() {
        var registry = registry(["draws"])
        _ = registry.know(Set(registry.replicas.keys).union([Stages.address("text-5")]))
        let refusal = #expect(throws: CallError.self) { try registry.modelSet(pipeline: .answer, for: [.text]) }
        #expect(refusal?.status == .unavailable)
    }

    @Test("with several models for the same, one has to be named")
    func several() {
        var registry = registry()
        registry.models = ["draws": [:], "sketches": [:], "answers": [:]]
        registry.pipelines = ["draws": .image, "sketches": .image, "answers": .answer]
        #expect(throws: CallError(.failedPrecondition, "model is not set, and this fleet has several: draws, sketches")) {
            try registry.modelSet(for: [.text, .diffusion])
        }
    }
}
