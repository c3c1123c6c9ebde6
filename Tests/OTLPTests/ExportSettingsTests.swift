import OTLP
import Testing
import Traces

@Suite struct ExportSettingsTests {
    private func settings(_ environment: [String: String]) throws -> ExportSettings? { try ExportSettings(environment: environment, service: "own") }

    @Test(
        "nothing is exported without an endpoint, or where the whole is switched off",
        arguments: [
            [:], ["OTEL_SERVICE_NAME": "x"], ["OTEL_EXPORTER_OTLP_ENDPOINT": ""],
            ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4318", "OTEL_SDK_DISABLED": "TRUE"],
        ])
    func off(environment: [String: String]) throws { #expect(try settings(environment) == nil) }

    @Test(
        "the common endpoint gets a path, that of traces is taken as it is",
        arguments: [
            (["OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4318"], "http://h:4318/v1/traces"),
            (["OTEL_EXPORTER_OTLP_ENDPOINT": "https://h/otlp/"], "https://h/otlp/v1/traces"),
            (["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://h/t", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://other"], "http://h/t"),
            (["OTEL_EXPORTER_OTLP_ENDPOINT": "http://[::1]:4318", "OTEL_SDK_DISABLED": "1"], "http://[::1]:4318/v1/traces"),
        ])
    func endpoints(environment: [String: String], url: String) throws { #expect(try settings(environment)?.url == url) }

    @Test(
        "an endpoint that is no address is refused, without its text",
        arguments: ["h:4318", "ftp://h", "http://", "http://h/?secret=1", "http://h/ x", "http://127.0.0.1:99999"])
    func noAddress(endpoint: String) throws {
        let failure = #expect(throws: ExportSettings.Failure.self) { try settings(["OTEL_EXPORTER_OTLP_ENDPOINT": endpoint]) }
        #expect(failure?.description == "OTEL_EXPORTER_OTLP_ENDPOINT is no address: it is written as in http://127.0.0.1:4318")
    }

    @Test("headers are pairs, percent-encoded; others are refused, without their text")
    func headers() throws {
        let base = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://h"]
        let read = try settings(base.merging(["OTEL_EXPORTER_OTLP_HEADERS": "authorization=Basic%20YTpi==, x-scope=a, "]) { $1 })
        #expect(read?.headers.map(\.name) == ["authorization", "x-scope"] && read?.headers.map(\.value) == ["Basic YTpi==", "a"])
        for text in ["secret", "=secret", "a b=secret", "a=secret%0d%0aforged: 1", "a=secret%zz"] {
            let failure = #expect(throws: ExportSettings.Failure.self) {
                try settings(base.merging(["OTEL_EXPORTER_OTLP_HEADERS": text]) { $1 })
            }
            #expect(failure?.description.contains("secret") == false)
        }
    }

    @Test(
        "the sampler is OpenTelemetry's; what is not known is told and has no effect",
        arguments: [
            (nil, nil, Sampler(.always), 0), ("parentbased_traceidratio", "0.25", Sampler(.ratio(0.25)), 0),
            ("always_off", nil, Sampler(.never, followsParent: false), 0), ("traceidratio", nil, Sampler(.ratio(1), followsParent: false), 0),
            ("jaeger_remote", "x", Sampler(.always), 1), ("traceidratio", "2", Sampler(.ratio(1), followsParent: false), 1),
            ("traceidratio", "nan", Sampler(.ratio(1), followsParent: false), 1),
        ] as [(String?, String?, Sampler, Int)])
    func samplers(name: String?, argument: String?, sampler: Sampler, problems: Int) throws {
        var environment = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://h"]
        environment["OTEL_TRACES_SAMPLER"] = name
        environment["OTEL_TRACES_SAMPLER_ARG"] = argument
        let read = try #require(try settings(environment))
        #expect(read.sampler == sampler && read.problems.count == problems && read.service == "own")
    }
}
