/// Why a device failed.
public struct DeviceError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: Sendable, Hashable {
        /// There is no such device here, or this build can't compute on it.
        case unavailable
        /// The device's memory is full, also after unused memory was freed: this request fails, the next one may succeed.
        case outOfMemory
        /// An operator refused shapes or types that it should accept: this request fails.
        case refused
        /// A kernel failed, or the device does not answer: this process can't use it any more, a new process may.
        case lost
    }

    public let kind: Kind
    /// Names the device, the call, and the code that it returned.
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}
