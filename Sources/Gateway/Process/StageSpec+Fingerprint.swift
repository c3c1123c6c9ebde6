import Checkpoint
import Domain
import Foundation
import ModelConfiguration
import Placement

extension StageSpec {
    /// With what the checkpoint says: the model's pipeline and the fingerprint of what the stage will read. Reads files whole that were
    /// not read before: not for Swift's own threads.
    /// - Throws: `CheckpointError`, also for a kind of stage that the model doesn't have.
    func identified() throws(CheckpointError) -> StageSpec { try identified(by: ModelFolder(folderURL)) }

    /// The same where its folder was opened already.
    func identified(by checkpoint: ModelFolder) throws(CheckpointError) -> StageSpec {
        guard checkpoint.pipeline.stageKinds.contains(kind) else {
            throw CheckpointError(.invalidConfiguration, "\(folder) \(checkpoint.pipeline.purpose), which takes no \(kind) stage")
        }
        var spec = self
        spec.pipeline = checkpoint.pipeline
        spec.fingerprint = try checkpoint.fingerprint(kind)
        return spec
    }
}
