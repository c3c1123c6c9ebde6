import Hummingbird
import Wire

/// `models`: what requests may name.
extension HTTPDoor {
    func models(_ visit: Visit) async throws -> Response {
        Self.json(["object": "list", "data": .array(try await served(visit).map(Self.model))])
    }

    func model(_ name: String, _ visit: Visit) async throws -> Response {
        let served = try await served(visit)
        guard let model = served.first(where: { $0.name == name }) else {
            let known = served.map(\.name).joined(separator: ", ")
            throw APIError(404, "model_not_found", "no model \(name.prefix(128)); there is \(known)", param: "model")
        }
        return Self.json(Self.model(model))
    }

    /// The models of the fleet that the caller may use.
    func served(_ visit: Visit) async throws -> [ModelInformation] {
        let allowed = visit.caller.models
        return try await gateway.status(StatusRequest(), visit.call()).models.filter { allowed.isEmpty || allowed.contains($0.name) }
    }

    private static func model(_ model: ModelInformation) -> JSONValue {
        [
            "id": .string(model.name), "object": "model", "created": 0, "owned_by": "glm", "pipeline": .string(model.pipeline),
            "fingerprint": .string(model.fingerprint), "ready": .bool(model.missing.isEmpty),
        ]
    }
}
