import Domain
import Gateway
import Wire

/// Stages for tests of decisions: what they say of themselves, and registries in which they serve.
enum Stages {
    static func address(_ name: String) -> Address { .unix(path: "/run/\(name).sock") }

    static func description(
        _ kind: String, _ instance: String = "0", model: String = "aa", name: String = "m", state: StageState = .serving,
        version: Int = WireProtocol.version, process: Int = 1, side: Int = 0, slots: Int = 1, numerics: Numerics = Numerics(), stepCache: Float = 0,
        bitDifferences: [String] = []
    ) -> StageDescription {
        StageDescription(
            kind: kind, instance: instance, device: "cpu", modelName: name, modelFingerprint: model, build: "1", protocolVersion: version,
            limits: StageLimits(maxStepCache: stepCache), state: state, processID: process, defaultSide: side, slots: slots, numerics: numerics,
            bitDifferences: bitDifferences)
    }

    /// Of equal stages the first of the listing gets a request.
    static var firstOfEqual: LeastLoaded { LeastLoaded { _ in 0 } }

    /// A registry of stages that serve.
    static func registry(_ stages: [(kind: String, instance: String, model: String)], slots: Int = 1) -> Registry {
        var registry = Registry(place: "there")
        _ = registry.know(Set(stages.map { address("\($0.kind)-\($0.instance)") }))
        for stage in stages {
            let address = address("\(stage.kind)-\(stage.instance)")
            registry.heard(address, description(stage.kind, stage.instance, model: stage.model, slots: slots), .serving)
            registry.passedProbe(address)
        }
        return registry
    }

    /// Takes stages elsewhere up into a registry, beside those that it has in the run directory; they serve.
    static func add(_ stages: [(address: Address, origin: StageOrigin, description: StageDescription)], to registry: inout Registry) {
        let elsewhere = Dictionary(stages.map { ($0.address, $0.origin) }) { $1 }
        _ = registry.know(Set(registry.replicas.values.filter { $0.origin == nil }.map(\.address)), elsewhere: elsewhere)
        for stage in stages {
            registry.heard(stage.address, stage.description, .serving)
            registry.passedProbe(stage.address)
        }
    }

    /// As many text stages of one model as there are slots given.
    static func texts(slots: [Int]) -> Registry {
        var registry = registry(slots.indices.map { ("text", "\($0)", "aa") })
        for (index, count) in slots.enumerated() {
            registry.heard(address("text-\(index)"), description("text", "\(index)", slots: count), .serving)
        }
        return registry
    }
}

extension SlotScheduler {
    /// These are all stages, whatever it knew before.
    mutating func know(_ registry: Registry) {
        let others = StageKind.allCases.flatMap { kind in (0..<8).map { Stages.address("\(kind)-\($0)") } }
        know(Set(registry.replicas.keys).union(others), registry)
    }

    /// Slots of these stages.
    mutating func assign(_ registry: Registry) -> [Assignment] {
        know(registry)
        return assignments(registry)
    }
}
