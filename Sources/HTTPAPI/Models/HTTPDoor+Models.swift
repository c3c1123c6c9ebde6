import Hummingbird
import Wire

/// `models`: what requests may name.
extension HTTPDoor {
    func models(_ visit: Visit) async throws -> Response {
        let served = try await served(visit)
        let aliases = settings.aliases.sorted { $0.key < $1.key }.compactMap { alias in
            served.first { $0.name == alias.value }.map { Self.model($0, alias: alias.key) }
        }
        return Self.json(["object": "list", "data": .array(served.map { Self.model($0) } + aliases)])
    }

    func model(_ name: String, _ visit: Visit) async throws -> Response {
        let served = try await served(visit)
        guard let model = served.first(where: { $0.name == settings.model(name) }) else {
            let known = served.map(\.name).joined(separator: ", ")
            throw APIError(404, "model_not_found", "no model \(name.prefix(128)); there is \(known)", param: "model")
        }
        return Self.json(Self.model(model, alias: settings.aliases[name] == nil ? nil : name))
    }

    /// The models of the fleet that the caller may use.
    func served(_ visit: Visit) async throws -> [ModelInformation] {
        let allowed = visit.caller.models
        return try await gateway.status(StatusRequest(), visit.call()).models.filter { allowed.isEmpty || allowed.contains($0.name) }
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
