import Tensor

/// What it took to compute the rows of one part of a reference file, its weights' way to the device among it.
public struct PartCost: Sendable, Codable {
    /// `processor`, `vision`, `text`, `diffusion`; of a question `question`, `tower`, `answer`.
    public let part: String
    public let seconds: Double
    /// Operators that ran on the device; nil where it has no driver.
    public let launches: Int?
    /// Calls of the driver, launches among them.
    public let hostCalls: Int?

    init(_ part: String, on device: any Device, _ body: () -> Void) {
        let before = device.hostCalls
        let duration = ContinuousClock().measure(body)
        let calls = device.hostCalls.flatMap { now in before.map { now - $0 } }
        self.part = part
        seconds = duration.seconds
        launches = calls.map { $0.launches + $0.replayed }
        hostCalls = calls?.total
    }
}
