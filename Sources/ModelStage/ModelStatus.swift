import Checkpoint
import Imaging
import Requests
public import Wire

/// What the model's libraries throw, as a status.
public func modelStatus(of error: any Error) -> CallError? {
    switch error {
    case let error as GLMImageError:
        CallError(error.code == .invalidRequest ? .invalidArgument : .failedPrecondition, error.message)
    case let error as ImageError:
        CallError(.invalidArgument, error.message)
    case let error as CheckpointError:
        CallError(.failedPrecondition, error.message)
    default:
        nil
    }
}
