import Domain
import HTTPAPI
import Testing
import Wire

/// What becomes of each field of images/generations and images/edits.
@Suite struct ImageOrderTests {
    private func order(_ json: String) throws -> ImageOrder {
        var fields = try Fields(json: JSONValue(parsing: Array("{\"prompt\":\"a cat\"\(json.isEmpty ? "" : ",")\(json)}".utf8)))
        return try ImageOrder(&fields, images: [], seed: 7)
    }

    @Test("fields that are done reach the gateway's request")
    func done() throws {
        let order = try order(
            #""model":"m","n":2,"size":"1024x768","seed":9,"num_inference_steps":3,"guidance_scale":2,"output_format":"jpeg","output_compression":0"#
                + #","temperature":0.5,"top_p":0.25,"top_k":4,"greedy":false,"return_stage_metrics":true,"step_cache":0.25"#)
        let parameters = order.request.parameters
        #expect(order.request.model == "m" && order.request.prompt == "a cat" && order.count == 2 && order.tellsTimings)
        #expect(parameters.width == 1024 && parameters.height == 768 && parameters.steps == 3 && parameters.guidanceScale == 2)
        #expect(parameters.stepCache == 0.25)
        #expect(parameters.format == .jpeg && parameters.jpegQuality == 1)
        #expect(parameters.sampling == Sampling(greedy: false, temperature: 0.5, topP: 0.25, topK: 4))
        #expect(order.request(0).parameters.seed == 9 && order.request(1).parameters.seed == 10)
    }

    @Test("who a request is for and the words in the image reach the gateway's request")
    func labelAndUser() throws {
        #expect(try order("").request.explicitLabel == nil && order("").request.user.isEmpty)
        for wanted in [true, false] { #expect(try order("\"watermark_enabled\":\(wanted)").request.explicitLabel == wanted) }
        #expect(try order(#""user_id":"u1""#).request.user == "u1" && order(#""user":7"#).request.user == "7")
        #expect(try order(#""user":"a","user_id":"b","safety_identifier":"a""#).request.user == "a b")
        for json in [#""user":{}"#, #""user":"\#(String(repeating: "u", count: 513))""#, #""watermark_enabled":"no""#] {
            #expect(throws: APIError.self) { try order(json) }
        }
    }

    @Test("without a seed several images have one that follows from another; one image leaves it to the gateway")
    func seeds() throws {
        #expect(try order("").request(0).parameters.seed == nil)
        #expect(try order(#""n":3"#).request(2).parameters.seed == 9)
    }

    @Test("a size that is not of whole cells is drawn larger, as PNG, and cropped", arguments: ["1280x720", "1280×720", "1280*720"])
    func crop(size: String) throws {
        let order = try order("\"size\":\"\(size)\",\"output_format\":\"webp\"")
        #expect(order.request.parameters.width == 1280 && order.request.parameters.height == 736)
        #expect(order.crop == PictureSize(width: 1280, height: 720) && order.format == .webp && order.request.parameters.format == .png)
    }

    @Test(
        "quality chooses the steps unless they are given, and is told as low, medium or high",
        arguments: [
            ("low", 20, "low"), ("medium", 30, "medium"), ("high", nil, "high"), ("standard", nil, "high"), ("hd", nil, "high"),
            ("xhigh", nil, "high"), ("max", nil, "high"), ("auto", nil, "high"),
        ] as [(String, Int?, String)])
    func quality(name: String, steps: Int?, told: String) throws {
        let chosen = try order("\"quality\":\"\(name)\"")
        #expect(chosen.request.parameters.steps == steps && chosen.quality == told)
        #expect(try order("\"quality\":\"\(name)\",\"num_inference_steps\":5").request.parameters.steps == 5)
    }

    @Test(
        "what asks for nothing is accepted and leaves no trace",
        arguments: [
            #""size":"auto""#, #""background":"auto""#, #""background":"opaque""#, #""negative_prompt":"""#, #""response_format":"b64_json""#,
            #""stream":false"#, #""partial_images":0"#, #""mask":null"#, #""lora":false"#, #""n":1"#, #""user":"u""#, #""user_id":"u""#,
            #""request_id":"r""#, #""output_compression":100"#, #""layers":[]"#, #""seed":null"#, #""vae_use_tiling":false"#, #""file_path":null"#,
            #""enable_teacache":false"#, #""extra_params":{}"#, #""safety_identifier":"s""#, #""size":null,"width":null"#, #""progress":false"#,
        ])
    func nothing(json: String) throws {
        let order = try order(json)
        #expect(order.withoutEffect.isEmpty && order.count == 1 && !order.isStream && order.format == .png)
    }

    @Test(
        "decorations are told",
        arguments: [#""style":"vivid""#, #""moderation":"low""#, #""input_fidelity":"high""#, #""extra_headers":{"a":"b"}"#])
    func told(json: String) throws {
        #expect(try order(json).withoutEffect.count == 1)
    }

    @Test(
        "what can't be done is refused with its field",
        arguments: [
            (#""n":0"#, "invalid_value", "n"), (#""n":11"#, "invalid_value", "n"), (#""n":2,"stream":true"#, "invalid_value", "n"),
            (#""partial_images":1"#, "invalid_value", "partial_images"), (#""partial_images":4,"stream":true"#, "invalid_value", "partial_images"),
            (#""size":"big""#, "invalid_value", "size"), (#""size":"5000x64""#, "invalid_value", "size"),
            (#""size":"0x64""#, "invalid_value", "size"),
            (#""size":"-64x64""#, "invalid_value", "size"), (#""width":64"#, "invalid_value", "height"),
            (#""size":"64x64","width":64,"height":32"#, "invalid_value", "size"), (#""quality":"best""#, "unsupported_value", "quality"),
            (#""response_format":"file""#, "unsupported_value", "response_format"), (#""output_format":"svg""#, "unsupported_value", "output_format"),
            (#""response_format":"url","stream":true"#, "unsupported_value", "response_format"),
            (#""style":1"#, "unsupported_value", "style"), (#""moderation":"high""#, "unsupported_value", "moderation"),
            (#""input_fidelity":"auto""#, "unsupported_value", "input_fidelity"), (#""user":[1]"#, "invalid_value", "user"),
            (#""mask_image":"data:""#, "unsupported_parameter", "mask_image"), (#""height":64"#, "invalid_value", "width"),
            (#""output_compression":101"#, "invalid_value", "output_compression"),
            (#""num_inference_steps":0"#, "invalid_value", "num_inference_steps"),
            (#""guidance_scale":"2""#, "invalid_value", "guidance_scale"), (#""stream":"false""#, "invalid_value", "stream"),
            (#""seed":-1"#, "invalid_value", "seed"), (#""cfg":3"#, "unknown_parameter", "cfg"),
            (#""cfg_scale":3"#, "unknown_parameter", "cfg_scale"),
            (#""output_format":"gif""#, "unsupported_value", "output_format"),
            (#""output_compression":50"#, "invalid_value", "output_compression"), (#""background":"transparent""#, "unsupported_value", "background"),
            (#""negative_prompt":"blur""#, "unsupported_parameter", "negative_prompt"), (#""mask":"data:""#, "unsupported_parameter", "mask"),
            (#""strength":0.5"#, "unsupported_parameter", "strength"), (#""lora":{"a":1}"#, "unsupported_parameter", "lora"),
            (#""seed":[1,2]"#, "invalid_value", "seed"), (#""style":"oil""#, "unsupported_value", "style"),
            (#""steps":3"#, "unknown_parameter", "steps"), (#""num_inference_steps":201"#, "invalid_value", "num_inference_steps"),
        ])
    func refused(json: String, code: String, param: String) {
        let refusal = #expect(throws: APIError.self) { _ = try order(json) }
        #expect(refusal?.status == 400 && refusal?.code == code && refusal?.param == param, "\(refusal?.message ?? "")")
    }

    @Test(
        "fields of other servers that change the work are refused by name",
        arguments: [
            "true_cfg_scale", "flow_shift", "generator_device", "lora", "layers", "resolution", "strength", "bot_task", "system_prompt",
            "extra_params", "vae_use_slicing", "vae_use_tiling", "max_sequence_length", "enable_teacache", "enable_anything", "cache_dit_params",
            "diffusers_kwargs", "output_path", "image_path", "complexity", "frame_count", "frame_duration_ms", "svg", "markup", "reference_image",
        ])
    func unsupported(name: String) {
        let refusal = #expect(throws: APIError.self) { try order("\"\(name)\":\"x\"") }
        #expect(refusal?.status == 400 && refusal?.code == "unsupported_parameter" && refusal?.param == name)
    }

    @Test("results are links where they are asked for, and where the API has them by default")
    func links() throws {
        #expect(try !order("").givesLinks && order(#""response_format":"url""#).givesLinks)
        var fields = try Fields(json: JSONValue(parsing: Array(#"{"prompt":"p"}"#.utf8)))
        let defaults = ImageDefaults(givesLinks: true, size: PictureSize(width: 1280, height: 1280))
        let order = try ImageOrder(&fields, images: [], defaults: defaults, seed: 1)
        #expect(order.givesLinks && order.request.parameters.width == 1280 && order.request.parameters.height == 1280 && order.crop == nil)
        fields = try Fields(json: JSONValue(parsing: Array(#"{"prompt":"p","response_format":"b64_json","size":"64x32"}"#.utf8)))
        let other = try ImageOrder(&fields, images: [], defaults: defaults, seed: 1)
        #expect(!other.givesLinks && other.request.parameters.width == 64)
    }

    @Test("streams tell progress in events only where asked to, and callers' names for themselves and for requests are kept")
    func streams() throws {
        let streamed = try order(#""stream":true,"partial_images":3,"progress":true,"safety_identifier":"s","request_id":"r""#)
        #expect(streamed.isStream && streamed.tellsProgress && streamed.safetyIdentifier == "s" && streamed.callersID == "r")
        #expect(try !order(#""stream":true"#).tellsProgress)
    }

    @Test("another server's name for a field is answered with ours", arguments: [("steps", "num_inference_steps"), ("cfg_scale", "guidance_scale")])
    func synonyms(name: String, ours: String) {
        let refusal = #expect(throws: APIError.self) { _ = try order("\"\(name)\":3") }
        #expect(refusal?.message == "\(name) is not known; did you mean \(ours)?")
    }
}
