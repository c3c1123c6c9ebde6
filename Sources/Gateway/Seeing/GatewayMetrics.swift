import Metrics
import Wire

/// What the gateway counts as it happens. Lengths of queues and the like are read when somebody asks: see ``FleetSamples``.
enum GatewayMetrics {
    static func made(_ image: GeneratedImage, seconds: Double) {
        Counter(label: "glm_gateway_images_total").increment()
        Recorder(label: "glm_gateway_image_seconds", aggregate: true).record(seconds)
        for timing in image.timings {
            Recorder(
                label: "glm_\(timing.stage)_phase_seconds", dimensions: [("instance", timing.instance), ("phase", timing.phase)], aggregate: true
            ).record(timing.seconds)
        }
        Counter(label: "glm_diffusion_steps_total").increment(by: image.steps)
        Counter(label: "glm_text_tokens_total").increment(by: image.height / 32 * (image.width / 32))
    }

    static func failed(_ error: any Error) {
        let status = (error as? CallError).map { "\($0.status)" } ?? (error is CancellationError ? "cancelled" : "unknown")
        Counter(label: "glm_gateway_failures_total", dimensions: [("status", status)]).increment()
    }

    static func retried(_ kind: String) {
        Counter(label: "glm_\(kind)_retries_total").increment()
    }
}
