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
            MetricDescription("glm_gateway_steps_total", "Denoising steps of generated images."),
            MetricDescription("glm_gateway_codes_total", "Codes of generated images."),
            MetricDescription("glm_gateway_wait_seconds", "A call's wait for a slot, by kind of stage."),
            MetricDescription("glm_stage_phase_seconds", "One phase of one call, by kind, stage and phase.", merged: ["stage"]),
        ] + AnswerMetrics.descriptions + SpanExporter.descriptions.map { MetricDescription($0.name, $0.help) }

    static func made(_ image: GeneratedImage, seconds: Double) {
        Counter(label: "glm_gateway_images_total").increment()
        Counter(label: "glm_gateway_model_images_total", dimensions: [("model", image.modelName)]).increment()
        Recorder(label: "glm_gateway_image_seconds").record(seconds)
        Counter(label: "glm_gateway_steps_total").increment(by: image.parameters.steps)
        Counter(label: "glm_gateway_codes_total").increment(by: image.parameters.grid.count)
    }

    /// What a stage has measured of a call.
    static func measured(_ timings: [Timing], by replica: Registry.Replica) {
        guard let kind = replica.kind else { return }
        for timing in timings {
            let labels = [("kind", "\(kind)"), ("stage", replica.name), ("phase", timing.phase)]
            Recorder(label: "glm_stage_phase_seconds", dimensions: labels).record(timing.seconds)
        }
    }

    /// A call has got its slot.
    static func waited(_ duration: Duration, for kind: StageKind) {
        Recorder(label: "glm_gateway_wait_seconds", dimensions: [("kind", "\(kind)")]).record(duration.inSeconds)
    }

    static func failed(_ error: any Error) {
        let status = (error as? CallError).map { "\($0.status)" } ?? (error is CancellationError ? "cancelled" : "unknown")
        Counter(label: "glm_gateway_failures_total", dimensions: [("status", status)]).increment()
    }
}
