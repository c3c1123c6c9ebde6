import Foundation
import Placement
import Processes

/// Reads the power of this host's cards ten times a second, once for all its stages. On a thread of its own: where the driver hangs, nothing
/// else waits for it, and of what ran meanwhile no joules are told.
struct PowerSampler {
    let account: EnergyAccount

    /// In seconds. How often the sensors themselves measure is not documented.
    private static let interval = 0.1
    /// In seconds, before a driver is asked again that has failed.
    private static let pause = 60.0

    /// Reads until the task is cancelled; where no card tells its power, only waits for that.
    func run() async {
        let ended = Promise<Void>()
        BlockingThread.start { sample(until: ended) }
        _ = await ended.value
        ended.fulfil(())
    }

    private func sample(until ended: Promise<Void>) {
        while ended.current == nil {
            do {
                guard let sensors = try PowerSensors.find() else { return }
                account.found(sensors.packages)
                while ended.current == nil {
                    account.sampled(sensors.read())
                    Thread.sleep(forTimeInterval: Self.interval)
                }
            } catch {
                // The plan's notes have told why.
                Thread.sleep(forTimeInterval: Self.pause)
            }
        }
    }
}
