import GRPCCore
import Tracing

/// How a call is made.
public struct CallSettings: Sendable {
    /// After it the call ends with DEADLINE_EXCEEDED on both sides; nil: as long as it takes.
    public var timeout: Duration?
    /// Wait for a process that is not there yet, as long as `timeout` allows; else the call fails at once.
    public var waitForReady: Bool
    /// The name of the request in all logs; nil: the server makes one.
    public var requestID: String?

    public init(timeout: Duration? = nil, waitForReady: Bool = false, requestID: String? = nil) {
        self.timeout = timeout
        self.waitForReady = waitForReady
        self.requestID = requestID
    }

    /// The trace is that of the task that makes the call.
    /// - Parameter headers: that all calls of the connection have.
    func metadata(_ headers: Metadata) -> Metadata {
        var metadata = headers
        if let requestID { metadata.addString(requestID, forKey: RequestID.key) }
        if let context = ServiceContext.current { InstrumentationSystem.instrument.inject(context, into: &metadata, using: TraceMetadata()) }
        return metadata
    }

    func options<Request, Response>(for method: Method<Request, Response>) -> CallOptions {
        var options = CallOptions.defaults
        options.timeout = timeout
        options.waitForReady = waitForReady
        // Twice the limit, so that the deserializer is the one to refuse, and says so with numbers.
        options.maxResponseMessageBytes = 2 * method.responseLimit
        return options
    }
}
