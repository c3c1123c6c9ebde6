import Domain
import Foundation
import Hummingbird
import HTTPTypes
import Telemetry
import Wire

/// `images/generations` and `images/edits`.
extension HTTPDoor {
    func generations(_ visit: Visit) async throws -> Response {
        var fields = try Fields(json: JSONValue(parsing: await json(visit, limit: Self.largestText)))
        return try await images(&fields, images: [], visit)
    }

    func edits(_ visit: Visit) async throws -> Response {
        var (fields, images) = try await form(visit)
        guard !images.isEmpty else { throw APIError(400, "missing_required_parameter", "image is missing", param: "image") }
        return try await self.images(&fields, images: images, visit)
    }

    private func images(_ fields: inout Fields, images: [[UInt8]], _ visit: Visit) async throws -> Response {
        let names = fields.names.union(["image"])
        let order = try ImageOrder(&fields, images: images, seed: UInt64(UInt32.random(in: .min ... .max)))
        let headers = visit.headers(withoutEffect: order.withoutEffect)
        do {
            guard order.isStream else { return try await pictures(order, visit, headers) }
            return try await stream(order, visit, headers, names)
        } catch let error as CallError {
            throw APIError(error, fields: names)
        }
    }

    /// All images, at the end. The work ends with the client.
    private func pictures(_ order: ImageOrder, _ visit: Visit, _ headers: HTTPFields) async throws -> Response {
        let created = Int(Date().timeIntervalSince1970)
        let pictures = try await visit.peer.whileConnected {
            try await withThrowingTaskGroup(of: (Int, Picture).self) { group in
                for index in 0..<order.count {
                    let call = visit.call(order.count > 1 ? index : nil)
                    group.addTask { (index, try Picture(try await image(order.request(index), call), order)) }
                }
                var pictures: [Int: Picture] = [:]
                for try await (index, picture) in group { pictures[index] = picture }
                return (0..<order.count).compactMap { pictures[$0] }
            }
        }
        return Self.json(ImagesResponse.body(pictures, order, created: created, id: visit.id), headers: headers)
    }

    private func image(_ request: GenerateImageRequest, _ call: ServerCall, tell: @escaping Send<GenerateImageEvent> = { _ in }) async throws
        -> GeneratedImage
    {
        let last = Last<GeneratedImage>()
        try await gateway.generate(request, call) { event in
            if case .image(let image) = event { last.value = image }
            try await tell(event)
        }
        return try last.orMissing(in: Methods.Gateway.generate)
    }

    /// Events as the work advances. What is refused is refused before the first.
    private func stream(_ order: ImageOrder, _ visit: Visit, _ headers: HTTPFields, _ names: Set<String>) async throws -> Response {
        let name = order.request.images.isEmpty ? "image_generation" : "image_edit"
        let created = Int(Date().timeIntervalSince1970)
        let call = visit.call()
        let lines = try await WorkStream.begin { (tell: @escaping Send<EventStream.Line>) in
            let drawn = Last<PictureSize>()
            let made = try await image(order.request(0), call) { event in
                switch event {
                case .accepted(let accepted):
                    drawn.value = PictureSize(width: accepted.parameters.width, height: accepted.parameters.height)
                    try await tell(.comment("accepted"))
                case .progress(let progress):
                    try await tell(.comment("\(progress.stage) \(progress.done)/\(progress.total)"))
                    if order.tellsProgress { try await tell(.event(name: "\(name).progress", ImagesResponse.progress(progress, name))) }
                case .partial(let partial):
                    guard let drawn = drawn.value else { break }
                    let picture = try PartialPicture(partial, of: drawn, order)
                    try await tell(.event(name: "\(name).partial_image", ImagesResponse.partial(picture, order, name, created: created)))
                case .image: break
                }
            }
            let picture = try Picture(made, order)
            try await tell(
                .event(name: "\(name).completed", ImagesResponse.completed(picture, order, name, created: created, id: visit.id)))
        }
        return EventStream.response(to: visit.peer, headers: headers, lines, fields: names)
    }
}
