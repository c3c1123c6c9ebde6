import ArgumentParser
import Domain
import Gateway

/// The flags about what images say of themselves.
struct LabelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Name or code of the service, as GB 45438-2025 and TC260-PG-20252A have it, for the label in each image's metadata: 1 to 128 characters. Default: none.",
            valueName: "text"))
    var contentProducer: String?

    @Flag(help: "Draw the words AI生成 into a corner of each image, unless a caller with the right to it leaves them out.")
    var explicitLabel = false

    func validate() throws {
        do { _ = try policy() } catch { throw ValidationError("--content-producer: \(error.message)") }
    }

    func policy() throws(RequestError) -> LabelPolicy { try LabelPolicy(contentProducer: contentProducer, isExplicit: explicitLabel) }
}
