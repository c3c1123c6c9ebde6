import Checkpoint
import Imaging
import Domain
import Tensor
public import Wire

/// What the model's libraries throw, as a status.
public func modelStatus(of error: any Error) -> CallError? {
    switch error {
    case let error as GLMImageError:
        CallError(error.code == .invalidRequest ? .invalidArgument : .failedPrecondition, error.message)
    case let error as ImageError:
        CallError(.invalidArgument, error.message)
    case let error as DeviceError:
        // Another card may have what this one lacks: the gateway tries there, a bounded number of times.
        CallError(error.kind == .unavailable ? .failedPrecondition : .internalError, error.message)
    case let error as CheckpointError:
        CallError(.failedPrecondition, error.message)
    default:
        nil
    }
}
