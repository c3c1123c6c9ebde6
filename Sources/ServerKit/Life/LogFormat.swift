public import ArgumentParser
public import Logging
import Traces
import Tracing
import Wire

/// How the lines of the log are written.
public enum LogFormat: String, Sendable, CaseIterable, ExpressibleByArgument {
    /// For people: time, level, program, values, message.
    case text
    /// For programs: an object a line.
    case json

    /// Writes to standard error. Each line of the work on a request has the names of its trace and of itself.
    public func handler(label: String) -> any LogHandler {
        switch self {
        case .text: StreamLogHandler(label: label, stream: LogStream(), metadataProvider: .request)
        case .json: JSONLogHandler(label: label, metadataProvider: .request)
        }
    }
}

extension Logger.MetadataProvider {
    fileprivate static let request = Logger.MetadataProvider {
        var metadata: Logger.Metadata = [:]
        if let trace = ServiceContext.current?.traceContext { metadata["trace"] = "\(trace.traceID)" }
        if let request = ServiceContext.current?.requestID { metadata["request"] = "\(request)" }
        return metadata
    }
}
