import Domain
import Placement
import Processes

/// A stage that is kept alive, and what is known of it.
struct KeptStage {
    var spec: StageSpec
    var machine: Supervision
    var process: StageProcess?
    var since = ContinuousClock.now
    /// Why its process was ended by us.
    var defect: Defect?
    /// Why it does not run, or did not the last time: "was ended by signal 9".
    var problem = ""
    /// Set while it is not started again, with the reason.
    var abandonment: String?
    /// Set when the stage is abandoned; a stage that is tried again gets a new one.
    var gaveUp = Promise<Void>()

    init(spec: StageSpec, startLimit: Int) {
        self.spec = spec
        machine = Supervision(startLimit: startLimit)
    }

    /// Why no process of it runs; nil while one does.
    var absence: String? {
        if let abandonment { return abandonment }
        return process == nil && !problem.isEmpty ? "\(spec.name) \(problem)" : nil
    }

    /// Why it is not started again after so many failures in a row.
    func abandoned(after failures: Int) -> String {
        let stage = spec.device.isHost ? spec.name : "\(spec.name) on \(spec.devices.list)"
        guard failures > 1 else { return "\(stage) \(problem)" }
        return "\(stage) exited \(failures) times in a row without a completed request; the last time it \(problem)"
    }
}
