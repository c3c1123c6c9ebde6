public import ArgumentParser
public import Domain
import Foundation
import ModelConfiguration
import ServerKit

/// The flags of the text process alone.
public struct TextOptions: ParsableArguments, Sendable {
    @Option(help: ArgumentHelp("Maximum number of requests decoded in one batch.", valueName: "n"))
    public var batch = 16

    @Option(
        help: ArgumentHelp(
            "Memory for keys and values, of each device, as 512MiB or 4GiB. Default: for a full batch of edits of the checkpoint's best size, or of questions of 4096 tokens with their answers, at most a quarter of the machine's memory.",
            valueName: "size"), transform: ByteCount.read)
    public var kvCache: ByteCount?

    @Option(
        help: ArgumentHelp(
            "Codes of a picture that one pass guesses at most, 0 to 63; 0: none. As many are guessed as make codes fastest; the codes are the same. A card has at most 16 rows in a pass. Words are not guessed. Default: \(DecoderSizes.speculativeTokens) on the CPU, 0 on a card.",
            valueName: "n"))
    public var speculativeTokens: Int?

    @Option(
        help: ArgumentHelp(
            "Devices among which each pass of the decoder is divided (tensor parallelism): \(PassDivision.tensorParallel.explanation). --device then names as many; cpu divides its threads. The decoder's heads and the columns of its MLP must be divisible by it. Default: 1.",
            valueName: "n"), transform: PassDivision.tensorParallel.read)
    public var tensorParallelSize = 1

    @OptionGroup public var exchange: ExchangeOptions

    public init() {}

    public func validate() throws {
        guard (1...64).contains(batch) else { throw ValidationError("--batch is \(batch); 1 to 64") }
        if let speculativeTokens, !DecoderSizes.speculation.contains(speculativeTokens) {
            throw ValidationError("--speculative-tokens is \(speculativeTokens); 0 to 63")
        }
        try exchange.check(.text, ranks: tensorParallelSize)
    }

    /// What is asked for, or `usual` within bounds.
    func cacheBytes(usual: Int) -> Int { kvCache?.bytes ?? min(usual, Int(ProcessInfo.processInfo.physicalMemory / 4)) }
}
