import Checkpoint
import Foundation
import GLMImage
import ModelFixtures
import Tensor
import TensorCPU
import Testing

/// A stage takes all of its part of a checkpoint and refuses one that is not exactly right.
@Suite struct LoadingTests {
    @Test("a tensor that nothing uses is refused by name and file")
    func unused() throws {
        let error = try failure(appending: 4) { header, end in
            header["decoder.extra.weight"] = ["dtype": "F32", "shape": [1], "data_offsets": [end, end + 4]]
        }
        #expect(error.contains("decoder.extra.weight") && error.contains("diffusion_pytorch_model.safetensors"), "\(error)")
    }

    @Test("a missing tensor is refused by name")
    func missing() throws {
        let error = try failure { header, _ in
            header["decoder.conv_other.bias"] = header["decoder.conv_in.bias"]
            header["decoder.conv_in.bias"] = nil
        }
        #expect(error.contains("decoder.conv_in.bias"), "\(error)")
    }

    @Test("a tensor of another shape is refused with both shapes")
    func misshaped() throws {
        let error = try failure { header, _ in
            var entry = header["decoder.conv_out.weight"] as! [String: Any]
            let shape = entry["shape"] as! [Int]
            entry["shape"] = [shape[1], shape[0], shape[2], shape[3]]
            header["decoder.conv_out.weight"] = entry
        }
        #expect(error.contains("decoder.conv_out.weight") && error.contains("should have the shape [3, "), "\(error)")
    }

    @Test(
        "a configuration of another architecture is refused by key and value",
        arguments: [
            ("vae/config.json", "\"silu\"", "\"relu\"", "act_fn"),
            ("vision_language_encoder/config.json", "\"glm_image\"", "\"glm_other\"", "glm_other"),
            ("text_encoder/config.json", "\"gated-gelu\"", "\"relu\"", "feed_forward_proj"),
            // What the numbers are divided by is checked first.
            ("vae/config.json", "\"norm_num_groups\": 4", "\"norm_num_groups\": 0", "norm_num_groups"),
            ("vision_language_encoder/config.json", "\"num_attention_heads\": 4", "\"num_attention_heads\": 0", "num_attention_heads"),
            // And what is multiplied, or becomes a whole number.
            (
                "vision_language_encoder/config.json", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 9223372036854775807",
                "num_hidden_layers: 9223372036854775807 is outside 1 through 1024"
            ),
            (
                "vision_language_encoder/config.json", "\"partial_rotary_factor\": 0.5", "\"partial_rotary_factor\": 3e38",
                "partial_rotary_factor"
            ),
            ("vision_language_encoder/config.json", "\"image_token_id\": 594", "\"image_token_id\": 4294967296", "image_token_id"),
            ("transformer/config.json", "\"num_layers\": 2", "\"num_layers\": -2", "num_layers: -2 is outside 1 through 1024"),
            ("processor/preprocessor_config.json", "\"min_pixels\": 4096", "\"min_pixels\": -4096", "min_pixels"),
        ])
    func configuration(file: String, from: String, to: String, named: String) throws {
        try Fixture.withCopy(of: "tiny-f32") { copy in
            let url = copy.appending(path: file)
            let text = try String(contentsOf: url, encoding: .utf8)
            try #require(text.contains(from))
            try text.replacingOccurrences(of: from, with: to).write(to: url, atomically: true, encoding: .utf8)
            let message = try loadAll(copy)
            #expect(message.contains(named) && message.contains(url.lastPathComponent), "\(message)")
        }
    }

    /// The message with which the VAE's stage refuses `tiny-f32` after `edit` changed the VAE file's header. `edit` also gets
    /// the length of the file's data, which grows by `extra` bytes.
    private func failure(appending extra: Int = 0, _ edit: (inout [String: Any], Int) -> Void) throws -> String {
        try Fixture.withCopy(of: "tiny-f32") { copy in
            let url = copy.appending(path: "vae/diffusion_pytorch_model.safetensors")
            let bytes = try Data(contentsOf: url)
            let count = Int(bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
            var header = try JSONSerialization.jsonObject(with: bytes[8..<8 + count]) as! [String: Any]
            edit(&header, bytes.count - 8 - count)
            let text = try JSONSerialization.data(withJSONObject: header)
            var length = UInt64(text.count).littleEndian
            try (Data(bytes: &length, count: 8) + text + bytes[(8 + count)...] + Data(count: extra)).write(to: url)
            return try loadAll(copy)
        }
    }

    /// What the first stage that refuses the folder says.
    private func loadAll(_ folder: URL) throws -> String {
        do {
            let model = try ModelFolder(folder)
            let device = CPUDevice(threads: 1)
            _ = try VisionEncoder(model: model, device: device)
            _ = try TextGenerator(model: model, device: device)
            _ = try ImageRenderer(model: model, devices: DeviceGroup(device))
            return ""
        } catch { return "\(error)" }
    }
}
