public import ArgumentParser
import Domain
import ServerKit

/// The flags of a process whose devices may divide passes.
public struct ExchangeOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "Seconds that an accelerator among which passes are divided waits for the others, when they connect and in each exchange, before the process ends with the name of the one that is missed; \(Collectives.timeoutExplanation). Default: \(Collectives.timeout).",
            valueName: "seconds"), transform: Collectives.readTimeout)
    public var hcclTimeout: Int?

    public init() {}

    /// - Throws: `ValidationError` for a time where there is nobody to wait for.
    func check(_ kind: StageKind, ranks: Int) throws {
        guard let hcclTimeout, ranks == 1 else { return }
        let flags = kind.descriptor.divisions.map(\.flag).joined(separator: " or ")
        throw ValidationError("--hccl-timeout is \(hcclTimeout), but without \(flags) no device waits for another")
    }
}
