import Hummingbird
import Wire

/// `models`: what requests may name.
extension HTTPDoor {
    func models() async throws -> Response {
        Self.json(["object": "list", "data": .array(try await served().map(Self.model))])
    }

    func model(_ name: String) async throws -> Response {
        let served = try await served()
        guard let model = served.first(where: { $0.name == name }) else {
            let known = served.map(\.name).joined(separator: ", ")
            throw APIError(404, "model_not_found", "no model \(name.prefix(128)); there is \(known)", param: "model")
        }
        return Self.json(Self.model(model))
    }

    private func served() async throws -> [ModelInformation] {
        try await gateway.status(StatusRequest(), ServerCall(requestID: RequestID.make(), method: "GET /v1/models")).models
    }

    private static func model(_ model: ModelInformation) -> JSONValue {
        [
            "id": .string(model.name), "object": "model", "created": 0, "owned_by": "glm", "pipeline": .string(model.pipeline),
            "fingerprint": .string(model.fingerprint), "ready": .bool(model.missing.isEmpty),
        ]
    }
}
