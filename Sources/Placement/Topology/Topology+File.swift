public import Foundation

extension Topology {
    /// Reads a topology file. Model folders that are not absolute are taken from the file's own folder.
    /// - Throws: `invalidTopology`, with the file and the line, for anything that isn't understood.
    public init(contentsOf url: URL) throws(PlacementError) {
        let text: String
        do {
            text = try String(contentsOf: url, encoding: .utf8)
        } catch {
            throw PlacementError(.invalidTopology, "\(url.path) can't be read as UTF-8 text: \(error.localizedDescription)")
        }
        try self.init(yaml: text, file: url.path)
        func absolute(_ folder: String) -> String {
            URL(fileURLWithPath: folder, relativeTo: url.deletingLastPathComponent()).standardizedFileURL.path
        }
        for index in models.indices { models[index].folder = absolute(models[index].folder) }
        for (kind, groups) in stages {
            for index in groups.indices { stages[kind]?[index].folder = groups[index].folder.map(absolute) }
        }
    }

    /// - Parameter file: how messages name it.
    public init(yaml: String, file: String) throws(PlacementError) {
        let reader = YAMLReader(file: file)
        self = try TopologyReader(yaml: reader).topology(try reader.parse(yaml))
        self.file = file
    }
}
