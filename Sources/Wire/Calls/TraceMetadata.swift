public import GRPCCore
public import Tracing

/// Headers of traces in the metadata of calls.
public struct TraceMetadata: Extractor, Injector {
    public init() {}

    /// - Returns: all values of the key, commas between; nil: it has none.
    public func extract(key: String, from metadata: Metadata) -> String? {
        let values = Array(metadata[stringValues: key])
        return values.isEmpty ? nil : values.joined(separator: ",")
    }

    public func inject(_ value: String, forKey key: String, into metadata: inout Metadata) { metadata.replaceOrAddString(value, forKey: key) }
}

extension ServiceContext {
    private enum RequestKey: ServiceContextKey {
        typealias Value = String
        static var nameOverride: String? { "request" }
    }

    /// The name of the request that the work of this task belongs to; nil: none. See ``RequestID``.
    public var requestID: String? {
        get { self[RequestKey.self] }
        set { self[RequestKey.self] = newValue }
    }
}
