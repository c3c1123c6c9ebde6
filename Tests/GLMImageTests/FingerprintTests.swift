import Checkpoint
import Domain
import Foundation
import GLMImage
import ModelConfiguration
import ModelFixtures
import Tensor
import TensorCPU
import Testing

/// A stage's fingerprint is that of what it reads.
@Suite struct FingerprintTests {
    @Test("a stage loads from a folder that holds its components alone, and has the fingerprint of the whole folder's", arguments: StageKind.allCases)
    func parts(_ kind: StageKind) throws {
        let whole = try Fixture.model("tiny-f32").fingerprint(kind)
        try Fixture.withCopy(of: "tiny-f32") { copy in
            for name in try FileManager.default.contentsOfDirectory(atPath: copy.path)
            where !kind.components(of: .image).contains(name) && name != "model_index.json" {
                try FileManager.default.removeItem(at: copy.appending(path: name))
            }
            let model = try ModelFolder(copy)
            try load(kind, model)
            #expect(try model.fingerprint(kind) == whole)
        }
    }

    @Test("one byte of the VAE's last layer is another model for diffusion, and the same for vision and text")
    func oneByte() throws {
        let before = try Fixture.model("tiny-f32")
        try Fixture.withCopy(of: "tiny-f32") { copy in
            let file = copy.appending(path: "vae/diffusion_pytorch_model.safetensors")
            var bytes = try Data(contentsOf: file)
            bytes[bytes.count - 1] ^= 1
            try bytes.write(to: file)
            let after = try ModelFolder(copy)
            #expect(try after.fingerprint(.diffusion) != before.fingerprint(.diffusion))
            for kind in [StageKind.vision, .text] { #expect(try after.fingerprint(kind) == before.fingerprint(kind)) }
        }
    }

    private func load(_ kind: StageKind, _ model: ModelFolder) throws {
        let device = CPUDevice(threads: 1)
        switch kind {
        case .vision: _ = try VisionEncoder(model: model, device: device)
        case .text: _ = try TextGenerator(model: model, device: device)
        case .diffusion: _ = try ImageRenderer(model: model, devices: DeviceGroup(device))
        }
    }
}
