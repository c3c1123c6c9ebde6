import Domain
import Metrics
import OTLP
public import Telemetry
import Wire

/// What the gateway counts as it happens. Lengths of queues and the like are read when somebody asks: see ``FleetSamples``.
public enum GatewayMetrics {
    /// What each is, for those who read the numbers.
    public static let descriptions: [MetricDescription] =
        [
            MetricDescription("glm_gateway_images_total", "Generated images."),
            MetricDescription("glm_gateway_model_images_total", "Generated images, by model."),
            MetricDescription("glm_gateway_image_seconds", "One image, from acceptance to answer."),
            MetricDescription("glm_gateway_failures_total", "Failed requests, by status."),
            MetricDescription("glm_diffusion_steps_total", "Denoising steps of generated images."),
            MetricDescription("glm_text_tokens_total", "Codes of generated images."),
        ] + AnswerMetrics.descriptions + SpanExporter.descriptions.map { MetricDescription($0.name, $0.help) }
        + StageKind.allCases.map { MetricDescription("glm_\($0)_phase_seconds", "One phase of one request, by stage.") }

    static func made(_ image: GeneratedImage, seconds: Double) {
        Counter(label: "glm_gateway_images_total").increment()
        Counter(label: "glm_gateway_model_images_total", dimensions: [("model", image.modelName)]).increment()
        Recorder(label: "glm_gateway_image_seconds").record(seconds)
        record(image.timings)
        Counter(label: "glm_diffusion_steps_total").increment(by: image.parameters.steps)
        Counter(label: "glm_text_tokens_total").increment(by: image.parameters.grid.count)
    }

    static func record(_ timings: [StageTiming]) {
        for timing in timings {
            Recorder(label: "glm_\(timing.stage)_phase_seconds", dimensions: [("instance", timing.instance), ("phase", timing.phase)])
                .record(timing.seconds)
        }
    }

    static func failed(_ error: any Error) {
        let status = (error as? CallError).map { "\($0.status)" } ?? (error is CancellationError ? "cancelled" : "unknown")
        Counter(label: "glm_gateway_failures_total", dimensions: [("status", status)]).increment()
    }
}
