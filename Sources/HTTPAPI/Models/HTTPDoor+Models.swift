import Hummingbird
import Wire

/// `models`: what requests may name.
extension HTTPDoor {
    func models() async throws -> Response {
        let served = try await served()
        let aliases = settings.aliases.sorted { $0.key < $1.key }.compactMap { alias in
            served.first { $0.name == alias.value }.map { Self.model($0, alias: alias.key) }
        }
        return Self.json(["object": "list", "data": .array(served.map { Self.model($0) } + aliases)])
    }

    func model(_ name: String) async throws -> Response {
        let served = try await served()
        guard let model = served.first(where: { $0.name == settings.model(name) }) else {
            let known = served.map(\.name).joined(separator: ", ")
            throw APIError(404, "model_not_found", "no model \(name.prefix(128)); there is \(known)", param: "model")
        }
        return Self.json(Self.model(model, alias: settings.aliases[name] == nil ? nil : name))
    }

    private func served() async throws -> [ModelInformation] {
        try await gateway.status(StatusRequest(), ServerCall(requestID: RequestID.make(), method: "GET /v1/models")).models
    }

    /// - Parameter alias: by which it is asked for; nil: by its own name.
    private static func model(_ model: ModelInformation, alias: String? = nil) -> JSONValue {
        [
            "id": .string(alias ?? model.name), "root": .string(model.name), "object": "model", "created": 0, "owned_by": "glm",
            "pipeline": .string(model.pipeline),
            "fingerprint": .string(model.fingerprint), "ready": .bool(model.missing.isEmpty),
        ]
    }
}
