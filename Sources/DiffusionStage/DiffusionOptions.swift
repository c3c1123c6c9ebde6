public import ArgumentParser
public import ModelStage

/// The flags of the diffusion process alone.
public struct DiffusionOptions: ParsableArguments, Sendable {
    @Option(
        help: ArgumentHelp(
            "Memory for keys and values of source images that are kept for the next edit of the same images, as 512MiB or 4GiB. Default: 256MiB.",
            valueName: "size"))
    public var conditionCache: MemorySize?

    public init() {}

    var conditionBytes: Int { conditionCache?.bytes ?? 256 << 20 }
}
