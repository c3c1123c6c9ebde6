import Domain
import Gateway
import Testing
import Wire

/// Without which kinds of stages a gateway is not ready.
@Suite struct ReadinessTests {
    private let text = Address.tcp(host: "10.0.0.7", port: 1), diffusion = Address.tcp(host: "10.0.0.7", port: 2)
    private let name = StageOrigin.name(StageName(host: "pods", port: 3, isEncrypted: false))

    private func registry(_ needed: NeededKinds) -> Registry {
        var registry = Registry(place: "there")
        registry.needed = needed
        _ = registry.know([], elsewhere: [text: .address(text), diffusion: .address(diffusion)])
        return registry
    }

    private func serve(_ kind: StageKind, at address: Address, in registry: inout Registry) {
        _ = registry.needed.heard(kind, from: .address(address))
        registry.heard(address, Stages.description(kind.rawValue), .serving)
        registry.passedProbe(address)
    }

    @Test("a gateway that expects kinds is ready while a stage of each serves, and not after the last of one is lost")
    func expected() {
        var registry = registry(NeededKinds(said: [.text, .diffusion]))
        #expect(registry.readiness == "no text stage is running; 10.0.0.7:1 has not answered yet; 10.0.0.7:2 has not answered yet")
        serve(.text, at: text, in: &registry)
        #expect(registry.readiness == "no diffusion stage is running; 10.0.0.7:2 has not answered yet")
        registry.heard(diffusion, Stages.description("diffusion"), .serving)
        #expect(registry.readiness == "no diffusion stage serves: diffusion-0@10.0.0.7:2 is being probed")
        registry.passedProbe(diffusion)
        #expect(registry.readiness == nil)
        registry.lost(text, "has ended")
        #expect(registry.readiness == "no text stage serves: text-0@10.0.0.7:1 has ended")
    }

    @Test("where nobody says, the kinds are those that stages elsewhere once were, also in an earlier life of the gateway")
    func remembered() {
        let told: [String: Set<StageKind>] = ["10.0.0.7:1": [.text], "10.0.0.7:2": [.diffusion], "10.0.0.9:1": [.vision]]
        let needed = NeededKinds(told: told, origins: [.address(text), .address(diffusion)])
        #expect(needed.all == [.text, .diffusion])
        var registry = registry(needed)
        serve(.text, at: text, in: &registry)
        registry.lost(diffusion, "does not answer")
        #expect(registry.readiness == "no diffusion stage is running; 10.0.0.7:2 does not answer")
    }

    @Test("a gateway that has never heard what its stages are waits until each has answered or failed to, and for one of all")
    func firstContact() {
        var registry = registry(NeededKinds())
        serve(.text, at: text, in: &registry)
        #expect(registry.readiness == "it is not known which stages there are: 10.0.0.7:2 has not answered yet")
        registry.lost(diffusion, "does not answer")
        #expect(registry.readiness == nil)

        registry = self.registry(NeededKinds())
        for address in [text, diffusion] { registry.lost(address, "does not answer") }
        #expect(registry.readiness == "it is not known which stages there are: 10.0.0.7:1 does not answer, 10.0.0.7:2 does not answer")
    }

    @Test("a name that can't be resolved is told where a stage is missing that it may stand for")
    func unresolved() {
        var registry = Registry(place: "there")
        registry.unresolved = [StageName(host: "pods", port: 3, isEncrypted: false): "has not been resolved yet"]
        #expect(registry.readiness == "it is not known which stages there are: dns:pods:3 has not been resolved yet")
        registry.needed = NeededKinds(said: [.text])
        #expect(registry.readiness == "no text stage is running; dns:pods:3 has not been resolved yet")
    }

    @Test("a gateway without stages elsewhere that expects nothing is ready")
    func nothing() {
        #expect(Registry(place: "there").readiness == nil)
    }

    @Test("at one address the last kind counts; a name may stand for several")
    func kinds() {
        var needed = NeededKinds(own: [.vision])
        var news = [StageKind.text, .text, .diffusion].map { needed.heard($0, from: .address(text)) }
        #expect(news == [true, false, true] && needed.all == [.vision, .diffusion])
        news = [StageKind.text, .text, .diffusion].map { needed.heard($0, from: name) }
        #expect(news == [true, false, true] && needed.told["dns:pods:3"] == [.text, .diffusion])
        #expect(NeededKinds(own: [.vision], said: [.text], told: needed.told, origins: [name]).all == [.vision, .text])
    }
}
