package import Wire

/// What a request for a change of the fleet asks for.
package enum FleetOrder: Sendable, Hashable {
    case drain(DrainStageRequest)
    case scale(ScaleRequest)
    case swap(SwapRequest)

    /// - Parameters:
    ///   - name: `drain`, `scale` or `swap`; nil is returned for another.
    ///   - fields: all of them are read. Ranges are the operation's to check.
    package init?(_ name: Substring, _ fields: inout Fields) throws(APIError) {
        switch name {
        case "drain":
            let stage = try fields.needed("stage")
            self = .drain(
                DrainStageRequest(
                    stage: stage, deadlineSeconds: Double(try fields.number("deadline_seconds") ?? 0), force: try fields.flag("force") ?? false))
        case "scale":
            let kind = try fields.needed("kind")
            guard let replicas = try fields.integer("replicas") else { throw .missing("replicas") }
            self = .scale(ScaleRequest(kind: kind, replicas: replicas, modelName: try fields.string("model_name") ?? ""))
        case "swap":
            self = .swap(
                SwapRequest(kind: try fields.needed("kind"), model: try fields.needed("model"), modelName: try fields.string("model_name") ?? ""))
        default: return nil
        }
        try fields.refuseUnknown()
    }

    /// Does it, a step after the other.
    func run(_ operations: any OperationsHandler, _ call: ServerCall, _ send: @escaping Send<OperationEvent>) async throws {
        switch self {
        case .drain(let request): try await operations.drain(request, call, send: send)
        case .scale(let request): try await operations.scale(request, call, send: send)
        case .swap(let request): try await operations.swap(request, call, send: send)
        }
    }
}

extension Fields {
    fileprivate mutating func needed(_ name: String) throws(APIError) -> String {
        guard let text = try string(name) else { throw .missing(name) }
        return text
    }
}

extension APIError {
    fileprivate static func missing(_ name: String) -> APIError { APIError(400, "missing_required_parameter", "\(name) is missing", param: name) }
}
