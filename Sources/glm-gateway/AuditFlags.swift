import ArgumentParser
import Domain
import Gateway
import ServerKit

/// The flags about the record of requests.
struct AuditFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Append a line of JSON for each image and question to this file, mode 0600: who asked, for whom, with which seed, what came of it, digests of prompt and image. Default: no record.",
            valueName: "file"))
    var auditLog: String?

    @Option(
        help: ArgumentHelp("Begin another file at this size, as 64MiB; the older ones are FILE.1, FILE.2, … Default: 64MiB.", valueName: "size"),
        transform: ByteCount.read)
    var auditSize: ByteCount?

    @Option(help: ArgumentHelp("Older files that are kept, 1 to 10000. Default: 30.", valueName: "n"))
    var auditFiles: Int?

    @Flag(help: "Write prompts and users into the audit log as they are, beside their digests.")
    var auditPrompts = false

    func validate() throws {
        if auditLog == nil, auditSize != nil || auditFiles != nil || auditPrompts {
            throw ValidationError("--audit-size, --audit-files and --audit-prompts are for an --audit-log; there is none")
        }
        if let auditSize, auditSize.bytes < 1 << 16 { throw ValidationError("--audit-size is \(auditSize); at least 64KiB") }
        if let auditFiles, !(1...10_000).contains(auditFiles) { throw ValidationError("--audit-files is \(auditFiles); 1 to 10000") }
    }

    /// Nil: nothing is kept.
    var options: AuditOptions? {
        guard let auditLog else { return nil }
        var options = AuditOptions(path: auditLog, isClear: auditPrompts)
        if let auditSize { options.fileBytes = auditSize.bytes }
        if let auditFiles { options.files = auditFiles }
        return options
    }
}
