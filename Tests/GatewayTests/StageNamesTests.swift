import Gateway
import Testing
import Wire

/// What stages are called.
@Suite struct StageNamesTests {
    private let first = Address.tcp(host: "10.0.0.7", port: 50052), second = Address.tls(host: "10.0.0.8", port: 50052)

    /// One in the run directory and two elsewhere, all of which call themselves text-0.
    private func registry() -> Registry {
        var registry = Stages.registry([("text", "0", "aa")])
        Stages.add([first, second].map { ($0, .address($0), Stages.description("text")) }, to: &registry)
        return registry
    }

    @Test("stages elsewhere that call themselves alike have names of their own, by their addresses")
    func unique() {
        #expect(registry().listing.map(\.name) == ["text-0", "text-0@10.0.0.7:50052", "text-0@https://10.0.0.8:50052"])
    }

    @Test("a socket whose process calls itself otherwise doesn't take another's name")
    func liar() {
        var registry = registry()
        _ = registry.know([Stages.address("text-0"), Stages.address("text-1")])
        registry.heard(Stages.address("text-1"), Stages.description("text", "0"), .serving)
        #expect(registry.listing.map(\.name) == ["text-0", "text-0@unix:/run/text-1.sock"])
    }

    @Test(
        "an operator means one stage by its name or its address",
        arguments: [
            ("text-0", "text-0"), ("text-0@10.0.0.7:50052", "text-0@10.0.0.7:50052"), ("10.0.0.7:50052", "text-0@10.0.0.7:50052"),
            ("https://10.0.0.8:50052", "text-0@https://10.0.0.8:50052"), ("unix:/run/text-0.sock", "text-0"),
        ])
    func meant(text: String, name: String) {
        #expect(registry().stages(called: text).map(\.name) == [name])
    }

    @Test("what several call themselves means all of them, what one calls itself that one, and anything else none")
    func ambiguous() {
        var registry = registry()
        _ = registry.know([], elsewhere: [first: .address(first), second: .address(second)])
        #expect(registry.stages(called: "text-0").count == 2)
        _ = registry.know([], elsewhere: [second: .address(second)])
        #expect(registry.stages(called: "text-0").map(\.address) == [second])
        #expect(registry.stages(called: "text-9").isEmpty && registry.stages(called: "10.0.0.7:50052").isEmpty)
    }
}
