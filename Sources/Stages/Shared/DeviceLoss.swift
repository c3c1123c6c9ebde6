import Foundation
import ServerKit
import Tensor

/// What a stage does when its device is lost: nothing in this process can use the device any more, so the process ends, with the
/// reason as its last words; whoever keeps the stage alive starts another.
public enum DeviceLoss {
    /// Runs `body`, and does not return where the device is lost.
    public static func guarding<R>(_ body: () throws -> R) throws -> R {
        do {
            return try body()
        } catch {
            check(error)
            throw error
        }
    }

    /// Does not return where the error says that the device is lost.
    public static func check(_ error: any Error) {
        if let error = error as? DeviceError, error.kind == .lost { Launch.fail("the device is lost: \(error)") }
    }
}
