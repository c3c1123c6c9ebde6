import Checkpoint
import Domain
import GLMImage
import Imaging
import Tensor
public import Wire
import ModelConfiguration

/// What the services and the model's libraries throw, as a gRPC status; nil for other errors.
public func modelStatus(of error: any Error) -> CallError? {
    switch error {
    case let error as RequestError:
        CallError(.invalidArgument, error.message)
    case let error as StageError:
        CallError(error.status, error.message)
    case let error as GLMImageError:
        CallError(.failedPrecondition, error.message)
    case let error as ImageError:
        CallError(.invalidArgument, error.message)
    case let error as DeviceError:
        // Another device may have what this one lacks: the gateway tries there, a bounded number of times.
        CallError(error.kind == .unavailable ? .failedPrecondition : .internalError, error.message)
    case let error as CheckpointError:
        CallError(.failedPrecondition, error.message)
    default:
        nil
    }
}

extension StageError {
    fileprivate var status: CallStatus {
        switch kind {
        case .loading: .unavailable
        case .device: .internalError
        case .pipeline: .failedPrecondition
        }
    }
}
