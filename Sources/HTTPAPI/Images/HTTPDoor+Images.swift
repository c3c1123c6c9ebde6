import Domain
import Foundation
import Hummingbird
import HTTPTypes
import HTTPServing
import ServerKit
import Wire

/// `images/generations` and `images/edits`.
extension HTTPDoor {
    func generations(_ visit: Visit) async throws -> Response {
        let fields = try Fields(json: JSONValue(parsing: await json(visit, limit: Self.largestText)))
        return try await images(fields, visit)
    }

    func edits(_ visit: Visit) async throws -> Response {
        let (fields, sources) = try await form(visit)
        guard !sources.isEmpty else { throw APIError(400, "missing_required_parameter", "image is missing", param: "image") }
        return try await images(fields, visit, sources: sources)
    }

    /// - Parameter defaults: what stands for fields that are left out.
    func images(
        _ fields: Fields, _ visit: Visit, sources: [ImageSource] = [], defaults: ImageDefaults = ImageDefaults()
    ) async throws -> Response {
        let names = fields.names.union(["image"]), named = try IdempotentRequest(visit, fields, sources)
        // Before pictures are fetched: they may not be there any more.
        if let answer = known(named) { return answer }
        let fetched = try await fetcher.fetch(sources.compactMap(\.link))
        let images = try sources.map { source throws(APIError) in try source.bytes(fetched: fetched) }
        let order = try order(fields, images: images, defaults)
        let headers = visit.headers(withoutEffect: order.withoutEffect, isStream: order.isStream)
        do {
            if order.isStream { return try await stream(order, visit, headers, names) }
            return try await once(visit, named) { try await pictures(order, visit, headers) }
        } catch let error as CallError {
            throw APIError(error, fields: names)
        }
    }

    /// What the fields ask for, of a model by its name here.
    func order(_ fields: Fields, images: [[UInt8]], _ defaults: ImageDefaults) throws(APIError) -> ImageOrder {
        var fields = fields
        var order = try ImageOrder(&fields, images: images, defaults: defaults, seed: UInt64(UInt32.random(in: .min ... .max)))
        order.request.model = settings.model(order.request.model)
        return order
    }

    /// All images, at the end.
    private func pictures(_ order: ImageOrder, _ visit: Visit, _ headers: HTTPFields) async throws -> PlainAnswer {
        let created = Self.now
        let pictures = try await usage.counting(order.count, for: visit.caller) {
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
        let body = ImagesResponse.body(pictures, order, created: created, id: visit.id) { picture in
            guard order.givesLinks else { return ("b64_json", ImagesResponse.base64(picture.file)) }
            return ("url", files.put(FileShelf.File(picture.file, order.format, owner: visit.caller.identity), now: created))
        }
        return PlainAnswer(body, headers: headers)
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
        let created = Self.now
        let call = visit.call(isStream: true)
        let lines = try await WorkStream.begin { (tell: @escaping Send<EventStream.Line>) in
            let drawn = Last<PictureSize>()
            let made = try await usage.counting(for: visit.caller) {
                try await image(order.request(0), call) { event in
                    switch event {
                    case .accepted(let accepted):
                        drawn.value = PictureSize(width: accepted.parameters.width, height: accepted.parameters.height)
                        try await tell(.comment("accepted"))
                    case .progress(let progress):
                        try await tell(.comment("\(progress.stage) \(progress.done)/\(progress.total)"))
                        if order.tellsProgress { try await tell(.event(name: "\(name).progress", ImagesResponse.progress(progress, name))) }
                    case .place(let place):
                        try await tell(.comment("queued \(place.text)"))
                        if order.tellsProgress { try await tell(.event(name: "\(name).queued", ImagesResponse.queued(place, name))) }
                    case .partial(let partial):
                        guard let drawn = drawn.value else { break }
                        let picture = try PartialPicture(partial, of: drawn, order)
                        try await tell(.event(name: "\(name).partial_image", ImagesResponse.partial(picture, order, name, created: created)))
                    case .image: break
                    }
                }
            }
            let picture = try Picture(made, order)
            try await tell(
                .event(name: "\(name).completed", ImagesResponse.completed(picture, order, name, created: created, id: visit.id)))
        }
        return EventStream.response(to: visit.peer, headers: headers, lines, fields: names)
    }
}
