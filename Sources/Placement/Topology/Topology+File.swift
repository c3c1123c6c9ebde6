import Files
public import Foundation

extension Topology {
    /// Reads a topology file. Model folders that are not absolute are taken from the file's own folder, those of a pipe
    /// from the working directory.
    /// - Throws: `invalidTopology`, with the file and the line, for anything that isn't understood.
    public init(contentsOf url: URL) throws(PlacementError) {
        let bytes: [UInt8]
        do { bytes = try InputFile.read(url.path, limit: Self.mostBytes) } catch { throw PlacementError(.invalidTopology, error.description) }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw PlacementError(.invalidTopology, "\(url.path) is not UTF-8 text") }
        try self.init(yaml: text, file: url.path)
        let base = Self.isStream(url.path) ? URL(fileURLWithPath: ".", isDirectory: true) : url.deletingLastPathComponent()
        func absolute(_ folder: String) -> String { URL(fileURLWithPath: folder, relativeTo: base).standardizedFileURL.path }
        for index in models.indices { models[index].folder = absolute(models[index].folder) }
        for (kind, groups) in stages {
            for index in groups.indices { stages[kind]?[index].folder = groups[index].folder.map(absolute) }
        }
    }

    private static let mostBytes = 1 << 20

    /// `/dev/stdin`, and what a shell puts in place of `<(…)`.
    private static func isStream(_ path: String) -> Bool { path.hasPrefix("/dev/") || path.hasPrefix("/proc/") }

    /// - Parameter file: how messages name it.
    public init(yaml: String, file: String) throws(PlacementError) {
        let reader = YAMLReader(file: file)
        self = try TopologyReader(yaml: reader).topology(try reader.parse(yaml))
        self.file = file
    }
}
