/// Why a device did not do what it was asked.
public struct DeviceError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: Sendable, Hashable {
        /// There is no such device here, or this build can't compute on it.
        case unavailable
        /// The device's memory is full, also after unused memory was given back: this request fails, the next may not.
        case outOfMemory
        /// An operator refused shapes or types that it should take: this request fails.
        case refused
        /// A kernel ended wrongly, or the device does not answer: nothing in this process can use it any more, a new process may.
        case lost
    }

    public let kind: Kind
    /// Names the device, the call, and the code it answered.
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}
