import Gateway
import Testing
import Wire

@Suite struct RegistryTests {
    private func description(
        _ kind: String, _ instance: String = "0", model: String = "aa", state: StageState = .serving, version: Int = WireProtocol.version,
        side: Int = 0
    ) -> StageDescription {
        StageDescription(
            kind: kind, instance: instance, device: "cpu", modelName: "m", modelFingerprint: model, build: "1", protocolVersion: version,
            state: state, processID: 1, defaultSide: side)
    }

    private func address(_ name: String) -> Address { .unix(path: "/run/\(name).sock") }

    /// Stages that serve, each by name and model.
    private func registry(_ stages: [(kind: String, instance: String, model: String)]) -> Registry {
        var registry = Registry(place: "there")
        _ = registry.know(Set(stages.map { address("\($0.kind)-\($0.instance)") }))
        for stage in stages {
            registry.heard(address("\(stage.kind)-\(stage.instance)"), description(stage.kind, stage.instance, model: stage.model), .serving)
        }
        return registry
    }

    @Test("new sockets are followed, vanished ones forgotten, known ones left alone")
    func sockets() {
        var registry = Registry(place: "there")
        #expect(registry.know([address("a"), address("b")]).follow == [address("a"), address("b")])
        let change = registry.know([address("b"), address("c")])
        #expect(change.follow == [address("c")] && change.forget == [address("a")])
        #expect(registry.know([address("b"), address("c")]) == Registry.Change())
    }

    @Test("a missing stage is UNAVAILABLE, and the message says what to start and where")
    func missing() {
        let registry = registry([("text", "0", "aa")])
        #expect(throws: CallError(.unavailable, "no diffusion stage is running; start glm-diffusion there")) {
            try registry.route(for: [.text, .diffusion])
        }
    }

    @Test("a stage that starts is UNAVAILABLE, with a hint when to ask again")
    func starting() {
        var registry = registry([("text", "0", "aa")])
        registry.heard(address("text-0"), description("text", state: .starting), .notServing)
        #expect(throws: CallError(.unavailable, "no text stage serves: text-0 is starting", retryAfter: .milliseconds(200))) {
            try registry.route(for: [.text])
        }
    }

    @Test("a stage that was lost is not routed to, until it answers again")
    func lost() throws {
        var registry = registry([("text", "0", "aa")])
        registry.lost(address("text-0"), "has ended")
        #expect(throws: CallError(.unavailable, "no text stage serves: text-0 has ended")) { try registry.route(for: [.text]) }
        registry.heard(address("text-0"), description("text"), .serving)
        #expect(try registry.route(for: [.text])[.text].name == "text-0")
    }

    @Test("stages of different models are FAILED_PRECONDITION, and the message names both")
    func disagreement() {
        let registry = registry([("text", "0", "aa"), ("diffusion", "0", "bb")])
        #expect(
            throws: CallError(
                .failedPrecondition,
                "the stages serve different models: text-0 has m aa, diffusion-0 has m bb; start them with the same --model")
        ) { try registry.route(for: [.text, .diffusion]) }
    }

    @Test("of several models, one that all kinds serve is chosen")
    func agreement() throws {
        let registry = registry([("text", "0", "aa"), ("text", "1", "bb"), ("diffusion", "0", "bb")])
        let route = try registry.route(for: [.text, .diffusion])
        #expect(route[.text].name == "text-1" && route.modelFingerprint == "bb")
    }

    @Test("of several replicas the least busy is chosen")
    func leastBusy() throws {
        var registry = registry([("text", "0", "aa"), ("text", "1", "aa")])
        registry.began(address("text-0"))
        #expect(try registry.route(for: [.text])[.text].name == "text-1")
        registry.ended(address("text-0"))
        registry.began(address("text-1"))
        #expect(try registry.route(for: [.text])[.text].name == "text-0")
    }

    @Test("a process of another protocol, or that is no stage, is listed with the reason and not routed to")
    func strangers() {
        var registry = registry([("text", "0", "aa"), ("diffusion", "0", "aa")])
        registry.heard(address("text-0"), description("text", version: 99), .serving)
        registry.heard(address("diffusion-0"), description("gateway"), .serving)
        #expect(registry.listing.map(\.problem) == ["speaks protocol 99, this gateway 1", "is a gateway, not a stage"])
        #expect(throws: CallError.self) { try registry.route(for: [.text]) }
    }

    @Test("the default side is the diffusion stage's, the published model's until there is one")
    func defaultSide() {
        var registry = registry([("diffusion", "0", "aa")])
        #expect(registry.defaultSide == 1024)
        registry.heard(address("diffusion-0"), description("diffusion", side: 96), .serving)
        #expect(registry.defaultSide == 96)
    }
}
