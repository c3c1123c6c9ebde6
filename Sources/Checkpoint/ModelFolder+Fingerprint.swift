import Crypto
import Domain
import Foundation

extension ModelFolder {
    /// 32 hexadecimal digits over every byte of the files that the model reads of these components, and over nothing else: equal where
    /// these files are equal, whatever the folder holds beside them.
    ///
    /// The first time this reads the files whole.
    /// - Parameter unread: names of texts in these components that are not read and count for nothing.
    /// - Throws: `missingFile`, `unreadable` or `malformed`, naming the file.
    package func fingerprint(of components: Set<String>, without unread: Set<String> = [], digests: FileDigests = .shared) throws(CheckpointError)
        -> String
    {
        var hash = SHA256()
        for component in pipeline.components where components.contains(component.name) {
            for file in try component.files(in: url, without: unread) {
                let name = Data("\(component.name)/\(file.lastPathComponent)".utf8)
                hash.update(data: Array(SHA256.hash(data: name)))
                hash.update(data: try digests.digest(file))
            }
        }
        return hash.finalize().prefix(16).hexadecimal
    }
}
