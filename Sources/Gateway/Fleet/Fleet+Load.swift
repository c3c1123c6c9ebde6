import Domain
import ServerKit
import Wire

/// What other gateways send to a stage is known from the stage, which tells how busy it is.
extension Fleet {
    /// Listens until the task is cancelled. Of a stage of an older build, which tells nothing, what this gateway sends there is all that counts.
    func followLoad(of address: Address, _ connection: StageConnection) async {
        while true {
            do {
                try await StageClient(connection).watchLoad { await self.tells(address, $0) }
            } catch let error as CallError where error.status == .unimplemented {
                return
            } catch {
                // Whether the stage is lost is decided elsewhere.
            }
            if Task.isCancelled { return }
            scheduler.tells(address, nil)
            // Where the connection is lost, the end of the health stream ends this one too, long before.
            do { try await Pause.for(.seconds(1)) } catch { return }
        }
    }

    private func tells(_ address: Address, _ load: StageLoad) {
        // What comes late is not to be taken for a word of the process that has taken its place.
        if !Task.isCancelled { scheduler.tells(address, load.running + load.queued) }
    }
}
