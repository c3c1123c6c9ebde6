/// Where and how it is kept who asked for what.
public struct AuditOptions: Sendable, Hashable {
    /// Of the file that grows.
    public var path: String
    /// Prompts and users stand there as they are, not as digests alone.
    public var isClear: Bool
    /// Bytes of one file.
    public var fileBytes: Int
    /// Older files.
    public var files: Int

    public init(path: String, isClear: Bool = false, fileBytes: Int = 64 << 20, files: Int = 30) {
        self.path = path
        self.isClear = isClear
        self.fileBytes = fileBytes
        self.files = files
    }
}
