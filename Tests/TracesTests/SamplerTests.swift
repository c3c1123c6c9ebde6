import Testing
import Traces

@Suite struct SamplerTests {
    private func trace(_ low: UInt64) throws -> TraceID { try #require(TraceID(high: 1, low: low)) }

    private func parent(_ isSampled: Bool) throws -> TraceContext {
        TraceContext(traceID: try trace(1), spanID: try #require(SpanID(1)), isSampled: isSampled)
    }

    @Test(
        "OpenTelemetry's names are known",
        arguments: [
            ("always_on", Sampler(.always, followsParent: false)), ("always_off", Sampler(.never, followsParent: false)),
            ("traceidratio", Sampler(.ratio(0.5), followsParent: false)), ("parentbased_always_on", Sampler(.always)),
            ("parentbased_always_off", Sampler(.never)), ("parentbased_traceidratio", Sampler(.ratio(0.5))),
        ])
    func names(name: String, sampler: Sampler) { #expect(Sampler(named: name, ratio: 0.5) == sampler) }

    @Test("other names are not", arguments: ["", "always", "parentbased_", "parentbased_jaeger_remote", "ALWAYS_ON"])
    func unknown(name: String) { #expect(Sampler(named: name) == nil) }

    @Test("a sampler that follows parents decides about the first span alone; others about each")
    func parents() throws {
        let id = try trace(1)
        for (rule, decides) in [(Sampler.Rule.always, true), (.never, false), (.ratio(1), true), (.ratio(0), false)] {
            #expect(Sampler(rule).records(id, parent: nil) == decides)
            #expect(Sampler(rule).records(id, parent: try parent(true)))
            #expect(try !Sampler(rule).records(id, parent: parent(false)))
            for isSampled in [false, true] {
                #expect(Sampler(rule, followsParent: false).records(id, parent: try parent(isSampled)) == decides)
            }
        }
    }

    @Test("a ratio takes that part of all ids, and at a larger ratio the same ids beside others")
    func ratio() throws {
        let quarter = Sampler(.ratio(0.25)), half = Sampler(.ratio(0.5))
        for (low, isInQuarter, isInHalf) in [
            (UInt64(1), true, true), (.max / 4 - 2048, true, true), (.max / 2 - 2048, false, true), (.max, false, false),
        ] {
            #expect(quarter.records(try trace(low), parent: nil) == isInQuarter)
            #expect(half.records(try trace(low), parent: nil) == isInHalf)
        }
        #expect(Sampler(.ratio(1)).records(try trace(.max), parent: nil))
    }
}
