import Foundation
import HTTPTypes
import Hummingbird
import ServerKit
import Wire

/// `fleet`: what runs, and what operators change.
extension HTTPDoor {
    /// What `glm status --json` says, and whether the caller may change it.
    func fleet(_ visit: Visit) async throws -> Response {
        let status = try await gateway.status(StatusRequest(), visit.call())
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let report = try encoder.encode(StatusReport(status, address: visit.request.head.authority ?? ""))
        guard case .object(var body) = try JSONValue(parsing: [UInt8](report)) else { throw CallError(.internalError, "a report is no object") }
        body["writable"] = .bool(access.isOperator(visit.caller))
        return Self.json(.object(body))
    }

    /// Drains, scales or swaps. The events are the steps that are done; the end without an error is that of the operation. It ends with its client.
    func changeFleet(_ name: Substring, _ visit: Visit) async throws -> Response {
        var fields = try Fields(json: JSONValue(parsing: await json(visit, limit: Self.largestText)))
        let names = fields.names
        guard let order = try FleetOrder(name, &fields) else { throw APIError(404, "unknown_url", "fleet has drain, scale and swap") }
        let operations = operations, call = visit.call(isStream: true)
        let lines = try await WorkStream.begin { (tell: @escaping Send<EventStream.Line>) in
            do {
                try await order.run(operations, call) { step in
                    try await tell(.event(name: nil, ["message": .string(step.message), "stage": .string(step.stage)]))
                }
            } catch let error as CallError where error.status == .failedPrecondition {
                // Of the fleet, and of no model.
                throw APIError(409, "failed_precondition", error.message, shouldRetry: false)
            } catch let error as CallError {
                throw APIError(error, fields: names)
            }
        }
        return EventStream.response(to: visit.peer, headers: [:], lines, fields: names)
    }
}
