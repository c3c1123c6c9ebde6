import Gateway
import Domain
import Testing
import Wire

@Suite struct RegistryTests {
    private let textAddress = Stages.address("text-0")

    @Test("new sockets are followed, vanished ones forgotten, known ones left alone")
    func sockets() {
        let a = Stages.address("a"), b = Stages.address("b"), c = Stages.address("c")
        var registry = Registry(place: "there")
        #expect(registry.know([a, b]).follow == [a, b])
        #expect(registry.know([b, c]) == Registry.Change(follow: [c], forget: [a]))
        #expect(registry.know([b, c]) == Registry.Change())
    }

    @Test("a stage serves when it says so and has passed a probe, not before; who asks for it meanwhile is let in to wait, until it fails one")
    func proof() throws {
        var registry = Registry(place: "there")
        _ = registry.know([textAddress])
        #expect(throws: CallError.self) { try registry.modelSet(for: [.text]) }
        registry.heard(textAddress, Stages.description("text"), .serving)
        #expect(registry.candidates(.text, model: nil).isEmpty)
        #expect(try registry.modelSet(for: [.text]) == ModelSet(name: "m", fingerprints: [.text: "aa"]))
        #expect(throws: CallError.self) { try registry.modelSet(named: "other", for: [.text]) }
        registry.failedProbe(Registry.Incarnation(address: textAddress, process: 1), "is broken")
        #expect(throws: CallError(.unavailable, "no text stage serves: text-0 is broken")) { try registry.modelSet(for: [.text]) }
        registry.passedProbe(textAddress)
        #expect(registry.candidates(.text, model: nil).map(\.name) == ["text-0"])
    }

    @Test("a suspect process must pass a probe again; a suspicion about the process before it is ignored")
    func suspect() {
        var registry = Stages.registry([("text", "0", "aa")])
        registry.suspect(Registry.Incarnation(address: textAddress, process: 99))
        #expect(registry.replicas[textAddress]?.serves == true)
        registry.suspect(Registry.Incarnation(address: textAddress, process: 1))
        #expect(registry.replicas[textAddress]?.serves == false)
    }

    @Test("another process at the same address has passed no probe and answered nothing yet")
    func newProcess() {
        var registry = Stages.registry([("text", "0", "aa")])
        let first = Registry.Incarnation(address: textAddress, process: 1)
        _ = registry.answered(first)
        registry.heard(textAddress, Stages.description("text"), .serving)
        #expect(registry.replicas[textAddress]?.serves == true && registry.replicas[textAddress]?.done == 1)
        registry.heard(textAddress, Stages.description("text", process: 2), .serving)
        let late = registry.answered(first)
        #expect(!late)
        #expect(registry.replicas[textAddress]?.serves == false && registry.replicas[textAddress]?.done == 0)
    }

    @Test("a process with the same id is another one if its start is: counts and proofs of the one before are not its")
    func restart() throws {
        var registry = Stages.registry([("text", "0", "aa")])
        var description = Stages.description("text")
        description.startNumber = 7
        registry.heard(textAddress, description, .serving)
        registry.passedProbe(textAddress)
        let first = try #require(registry.replicas[textAddress]).incarnation
        _ = registry.answered(first)
        var second = description
        second.startNumber = 8
        second.running = 3
        registry.counted(textAddress, second)
        #expect(registry.replicas[textAddress]?.description?.running == 0 && !registry.isReplaced(first))
        registry.heard(textAddress, second, .serving)
        #expect(registry.isReplaced(first) && registry.end(of: first) == "another process has taken its place")
        #expect(registry.replicas[textAddress]?.serves == false && registry.replicas[textAddress]?.done == 0)
    }

    @Test("a missing stage is UNAVAILABLE, and the message says what to start and where")
    func missing() {
        let registry = Stages.registry([("text", "0", "aa")])
        #expect(throws: CallError(.unavailable, "no diffusion stage is running; start glm-diffusion there")) {
            try registry.modelSet(for: [.text, .diffusion])
        }
    }

    @Test("a socket that does not answer is named where a stage of its name is missing, with a hint when to ask again")
    func silent() {
        var registry = Stages.registry([("text", "0", "aa")])
        _ = registry.know([textAddress, Stages.address("diffusion-0")])
        let refusal = #expect(throws: CallError.self) { try registry.modelSet(for: [.text, .diffusion]) }
        #expect(refusal?.message == "no diffusion stage is running; unix:/run/diffusion-0.sock has not answered yet; start glm-diffusion there")
        #expect(refusal?.retryAfter == .milliseconds(200))
    }

    @Test("a stage that starts is UNAVAILABLE, with a hint when to ask again")
    func starting() {
        var registry = Stages.registry([("text", "0", "aa")])
        registry.heard(textAddress, Stages.description("text", state: .starting), .notServing)
        #expect(throws: CallError(.unavailable, "no text stage serves: text-0 is starting", retryAfter: .milliseconds(200))) {
            try registry.modelSet(for: [.text])
        }
    }

    @Test("a stage that takes no more requests gets none, before it has said why")
    func closed() {
        var registry = Stages.registry([("text", "0", "aa")])
        registry.closed(textAddress)
        #expect(throws: CallError(.unavailable, "no text stage serves: text-0 takes no more requests")) { try registry.modelSet(for: [.text]) }
    }

    @Test("a stage that drains gets no requests")
    func draining() {
        var registry = Stages.registry([("text", "0", "aa")])
        registry.heard(textAddress, Stages.description("text", state: .draining), .notServing)
        #expect(throws: CallError(.unavailable, "no text stage serves: text-0 is draining")) { try registry.modelSet(for: [.text]) }
    }

    @Test("a stage that was lost serves again after it has answered and passed a probe")
    func lost() {
        var registry = Stages.registry([("text", "0", "aa")])
        registry.lost(textAddress, "has ended")
        #expect(throws: CallError(.unavailable, "no text stage serves: text-0 has ended")) { try registry.modelSet(for: [.text]) }
        registry.heard(textAddress, Stages.description("text"), .serving)
        #expect(registry.candidates(.text, model: nil).isEmpty)
        registry.passedProbe(textAddress)
        #expect(registry.candidates(.text, model: nil).count == 1)
    }

    @Test("who waits for a silent stage is told, though its connection is open; it serves again once it has answered and passed a probe")
    func silentStage() throws {
        var registry = Stages.registry([("text", "0", "aa")])
        let process = try #require(registry.listing.first).incarnation
        #expect(registry.end(of: process) == nil)
        registry.silent(textAddress, "does not answer")
        #expect(registry.end(of: process) == "does not answer")
        #expect(throws: CallError(.unavailable, "no text stage serves: text-0 does not answer")) { try registry.modelSet(for: [.text]) }
        registry.heard(textAddress, Stages.description("text"), .serving)
        #expect(registry.end(of: process) == nil && registry.candidates(.text, model: nil).isEmpty)
        registry.passedProbe(textAddress)
        #expect(registry.candidates(.text, model: nil).count == 1)
    }

    @Test("of a stage that fails its probe it is told what the probe found, until it passes one")
    func finding() throws {
        var registry = Stages.registry([("text", "0", "aa")])
        let process = try #require(registry.listing.first).incarnation
        registry.failedProbe(process, "failed the smallest request: broken")
        #expect(throws: CallError(.unavailable, "no text stage serves: text-0 failed the smallest request: broken")) {
            try registry.modelSet(for: [.text])
        }
        registry.passedProbe(textAddress)
        #expect(registry.replicas[textAddress]?.reason == "")
    }

    @Test("a stage that stalls keeps its health and serves again once it has passed a probe; a second stall before that says nothing new")
    func stalled() throws {
        var registry = Stages.registry([("text", "0", "aa")])
        let process = try #require(registry.listing.first).incarnation
        let first = registry.stalled(process, "no progress for 3.0 s"), second = registry.stalled(process, "no progress for 4.0 s")
        #expect(first && !second && registry.end(of: process) == nil)
        #expect(registry.replicas[textAddress]?.health == .serving && registry.replicas[textAddress]?.problem == "")
        #expect(throws: CallError(.unavailable, "no text stage serves: text-0 no progress for 3.0 s")) { try registry.modelSet(for: [.text]) }
        registry.passedProbe(textAddress)
        #expect(registry.candidates(.text, model: nil).count == 1)
        let again = registry.stalled(process, "no progress for 3.0 s")
        #expect(again)
        registry.heard(textAddress, Stages.description("text", process: 2), .serving)
        registry.passedProbe(textAddress)
        let late = registry.stalled(process, "no progress for 3.0 s")
        #expect(!late && registry.candidates(.text, model: nil).count == 1)
    }

    @Test("why a stage of the kind does not run is told with what is missing")
    func absence() {
        var registry = Stages.registry([("text", "0", "aa")])
        registry.absences = [.diffusion: "diffusion-0 can't be started: Too many open files"]
        #expect(
            throws: CallError(
                .unavailable, "no diffusion stage is running; diffusion-0 can't be started: Too many open files")
        ) { try registry.modelSet(for: [.text, .diffusion]) }
    }

    @Test("a stage that is expected back is waited for where its model is known, and missing where it is not")
    func expected() throws {
        var registry = Stages.registry([("diffusion", "0", "aa")])
        #expect(throws: CallError.self) { try registry.modelSet(for: [.text, .diffusion], expected: [.text]) }
        registry.models = ["m": [.text: "aa", .diffusion: "aa"]]
        #expect(try registry.modelSet(for: [.text, .diffusion], expected: [.text]).fingerprints == [.text: "aa", .diffusion: "aa"])
        #expect(throws: CallError.self) { try registry.modelSet(for: [.text, .diffusion]) }
    }

    @Test("stages of different models are FAILED_PRECONDITION, and the message names both")
    func disagreement() {
        var registry = Stages.registry([("text", "0", "aa"), ("diffusion", "0", "bb")])
        registry.heard(Stages.address("diffusion-0"), Stages.description("diffusion", name: "other"), .serving)
        #expect(
            throws: CallError(
                .failedPrecondition,
                "the stages serve different models: text-0 has m, diffusion-0 has other; start them with the same --model, or with one --model-name")
        ) { try registry.modelSet(for: [.text, .diffusion]) }
    }

    @Test("a process is replaced when another one answers at its address, not when nobody does")
    func replaced() throws {
        var registry = Stages.registry([("text", "0", "aa")])
        let replica = try #require(registry.listing.first)
        var description = try #require(replica.description)
        #expect(!registry.isReplaced(replica.incarnation))
        registry.lost(replica.address, "does not answer")
        #expect(!registry.isReplaced(replica.incarnation))
        description.processID += 1
        registry.heard(replica.address, description, .unknown)
        #expect(registry.isReplaced(replica.incarnation))
    }

    @Test("of stages that nobody planned, those of one name compute a request: the name that all kinds serve, and of those the most frequent")
    func agreement() throws {
        var registry = Stages.registry([("text", "0", "aa"), ("text", "1", "bb"), ("text", "2", "bb"), ("diffusion", "0", "cc")])
        registry.heard(Stages.address("text-0"), Stages.description("text", name: "other"), .serving)
        #expect(try registry.modelSet(for: [.text, .diffusion]) == ModelSet(name: "m", fingerprints: [.text: "bb", .diffusion: "cc"]))
        registry.heard(Stages.address("diffusion-0"), Stages.description("diffusion", model: "dd", name: "other"), .serving)
        #expect(try registry.modelSet(for: [.text, .diffusion]) == ModelSet(name: "other", fingerprints: [.text: "aa", .diffusion: "dd"]))
        #expect(try registry.modelSet(for: [.text]).name == "m")
        #expect(try registry.modelSet(named: "other", for: [.text]).fingerprints == [.text: "aa"])
    }

    @Test("of stages of one kind and name, those compute that most have the files of; the others get no requests of the model")
    func replicas() throws {
        let registry = Stages.registry([("text", "0", "aa"), ("text", "1", "bb"), ("text", "2", "bb")])
        let models = try registry.modelSet(for: [.text])
        #expect(registry.candidates(.text, model: models.fingerprints[.text]).map(\.name) == ["text-1", "text-2"])
    }

    @Test("a kind that a plan leaves to stages elsewhere is served by those of the model's name, else by those there are")
    func elsewhere() throws {
        var registry = Stages.registry([("text", "0", "aa"), ("diffusion", "0", "bb"), ("diffusion", "1", "cc"), ("diffusion", "2", "cc")])
        registry.models = ["small": [.text: "aa"]]
        #expect(try registry.modelSet(for: [.text, .diffusion]).fingerprints == [.text: "aa", .diffusion: "cc"])
        registry.heard(Stages.address("diffusion-0"), Stages.description("diffusion", model: "bb", name: "small"), .serving)
        #expect(try registry.modelSet(for: [.text, .diffusion]).fingerprints == [.text: "aa", .diffusion: "bb"])
    }

    @Test("a planned model may join different checkpoints; stages of other checkpoints are not its")
    func named() throws {
        var registry = Stages.registry([("text", "0", "aa"), ("text", "1", "cc"), ("diffusion", "0", "bb")])
        registry.models = ["m": [.text: "aa", .diffusion: "bb"]]
        let models = try registry.modelSet(for: [.text, .diffusion])
        #expect(models.fingerprint == "text:aa,diffusion:bb")
        #expect(registry.candidates(.text, model: "aa").map(\.name) == ["text-0"])
        registry.models["m"]?[.diffusion] = "zz"
        #expect(throws: CallError(.unavailable, "no diffusion stage serves: diffusion-0 has model bb, wanted is zz")) {
            try registry.modelSet(for: [.text, .diffusion])
        }
    }

    @Test("of several planned models a request names one; without a name, or with a wrong one, it is refused with those there are")
    func severalModels() throws {
        var registry = Stages.registry([("text", "0", "aa"), ("text", "1", "bb"), ("diffusion", "0", "aa"), ("diffusion", "1", "bb")])
        registry.models = ["large": [.text: "aa", .diffusion: "aa"], "small": [.text: "bb", .diffusion: "bb"]]
        #expect(
            try registry.modelSet(named: "small", for: [.text, .diffusion]) == ModelSet(name: "small", fingerprints: [.text: "bb", .diffusion: "bb"]))
        #expect(throws: CallError(.failedPrecondition, "model is not set, and this fleet has several: large, small")) {
            try registry.modelSet(for: [.text, .diffusion])
        }
        #expect(throws: CallError(.failedPrecondition, "this fleet has no model huge; it has large, small")) {
            try registry.modelSet(named: "huge", for: [.text, .diffusion])
        }
        #expect(registry.serving(.text).count == 2)
        registry.lost(Stages.address("text-1"), "has ended")
        #expect(throws: CallError.self) { try registry.modelSet(named: "small", for: [.text, .diffusion]) }
        #expect(try registry.modelSet(named: "large", for: [.text, .diffusion]).name == "large")
    }

    @Test("a process of another protocol, or that is no stage, is listed with the reason and gets no requests")
    func strangers() {
        var registry = Stages.registry([("text", "0", "aa"), ("diffusion", "0", "aa")])
        registry.heard(textAddress, Stages.description("text", version: 99), .serving)
        registry.heard(Stages.address("diffusion-0"), Stages.description("gateway"), .serving)
        #expect(registry.listing.map(\.problem) == ["speaks protocol 99, this gateway \(WireProtocol.version)", "is a gateway, not a stage"])
        #expect(registry.candidates(.text, model: nil).isEmpty)
    }

    @Test("the default side is the diffusion stage's, the published model's until there is one")
    func defaultSide() {
        var registry = Stages.registry([("diffusion", "0", "aa")])
        #expect(registry.defaultSide == 1024)
        registry.heard(Stages.address("diffusion-0"), Stages.description("diffusion", side: 96), .serving)
        #expect(registry.defaultSide == 96)
    }
}
