import Checkpoint
import Domain
import Foundation
import ModelConfiguration
import Placement

extension StageSpec {
    /// With the fingerprint of what the stage will read. Reads files whole that were not read before: not for Swift's own threads.
    func identified() throws(CheckpointError) -> StageSpec {
        var spec = self
        spec.fingerprint = try ModelFolder(folderURL).fingerprint(kind)
        return spec
    }
}
