import Domain
import Foundation
import Wire

/// OpenAI's `ImagesResponse` and the events of its streams, with what is needed to make the images again beside them.
enum ImagesResponse {
    /// - Parameter file: a picture's file as the answer has it, and the name under which.
    static func body(
        _ pictures: [Picture], _ order: ImageOrder, created: Int, id: String, file: (Picture) -> (name: String, text: String)
    ) -> JSONValue {
        var body = common(pictures, order)
        body["id"] = .string(id)
        body["created"] = .integer(created)
        body["data"] = .array(
            pictures.map { picture in
                let file = file(picture)
                return .object(own(picture).merging([file.name: .string(file.text)]) { $1 })
            })
        return .object(body)
    }

    /// The last event of a stream.
    /// - Parameter name: `image_generation` or `image_edit`.
    static func completed(_ picture: Picture, _ order: ImageOrder, _ name: String, created: Int, id: String) -> JSONValue {
        var body = common([picture], order).merging(own(picture)) { $1 }
        body["type"] = .string("\(name).completed")
        body["id"] = .string(id)
        body["created_at"] = .integer(created)
        body["b64_json"] = .string(base64(picture.file))
        return .object(body)
    }

    /// Says of the image what the last event says; its own file is smaller.
    static func partial(_ picture: PartialPicture, _ order: ImageOrder, _ name: String, created: Int) -> JSONValue {
        [
            "type": .string("\(name).partial_image"), "partial_image_index": .integer(picture.index), "b64_json": .string(base64(picture.file)),
            "created_at": .integer(created), "size": .string(picture.size.text), "quality": .string(order.quality), "background": "opaque",
            "output_format": .string(order.format.rawValue),
        ]
    }

    static func progress(_ progress: Wire.Progress, _ name: String) -> JSONValue {
        [
            "type": .string("\(name).progress"), "stage": .string(progress.stage), "done": .integer(progress.done), "total": .integer(progress.total),
        ]
    }

    static func queued(_ place: LinePlace, _ name: String) -> JSONValue {
        ["type": .string("\(name).queued"), "ahead": .integer(place.ahead), "seconds": .number(place.seconds)]
    }

    /// What all images took together.
    private static func usage(_ pictures: [Picture]) -> JSONValue {
        let all = pictures.map(\.made.usage)
        let text = all.reduce(0) { $0 + $1.textTokens }, image = all.reduce(0) { $0 + $1.imageTokens },
            output = all.reduce(0) { $0 + $1.outputTokens }
        return [
            "input_tokens": .integer(text + image), "input_tokens_details": ["image_tokens": .integer(image), "text_tokens": .integer(text)],
            "output_tokens": .integer(output), "total_tokens": .integer(text + image + output),
        ]
    }

    private static func common(_ pictures: [Picture], _ order: ImageOrder) -> [String: JSONValue] {
        guard let first = pictures.first else { return [:] }
        let parameters = first.made.parameters
        let drawn = PictureSize(width: parameters.width, height: parameters.height)
        var body: [String: JSONValue] = [
            "background": "opaque", "output_format": .string(order.format.rawValue), "quality": .string(order.quality),
            "size": .string(first.size.text), "model": .string(first.made.modelName), "steps": .integer(parameters.steps),
            "guidance_scale": .number(Double(parameters.guidanceScale)), "model_fingerprint": .string(first.made.modelFingerprint),
            "build": .string(first.made.build), "usage": usage(pictures), "explicit_label": .bool(first.made.explicitLabel),
        ]
        if parameters.stepCache > 0 { body["step_cache"] = .number(Double("\(parameters.stepCache)") ?? Double(parameters.stepCache)) }
        if drawn != first.size { body["rendered_size"] = .string(drawn.text) }
        if !order.withoutEffect.isEmpty { body["without_effect"] = .array(order.withoutEffect.map { .string($0) }) }
        if let identifier = order.safetyIdentifier { body["safety_identifier"] = .string(identifier) }
        if order.tellsTimings {
            let timings = pictures.flatMap(\.made.timings)
            // As benchmarks of vLLM-Omni read them.
            let durations = Dictionary(timings.map { ("\($0.stage).\($0.phase)", $0.seconds) }, uniquingKeysWith: +)
            body["metrics"] = ["stage_durations": .object(durations.mapValues { .number($0) })]
            body["timings"] = .array(timings.map(\.json))
        }
        return body
    }

    static func base64(_ file: [UInt8]) -> String { Data(file).base64EncodedString() }

    /// In what images of one answer differ, beside their files.
    private static func own(_ picture: Picture) -> [String: JSONValue] {
        let made = picture.made, seed = made.parameters.seed
        var own: [String: JSONValue] = ["seed": Int(exactly: seed).map { .integer($0) } ?? .unsigned(seed)]
        own["numerics"] = .array(made.numerics.map(\.json))
        if made.parameters.stepCache > 0 { own["full_steps"] = .integer(made.fullSteps) }
        return own
    }
}

extension StageTiming {
    fileprivate var json: JSONValue {
        var fields: [String: JSONValue] = [
            "stage": .string(stage), "instance": .string(instance), "phase": .string(phase), "seconds": .number(seconds), "start": .number(start),
        ]
        if let joules { fields["joules"] = .number(joules) }
        return .object(fields)
    }
}
