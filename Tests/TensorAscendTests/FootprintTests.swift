import Checkpoint
import Devices
import Domain
import Foundation
import GLM4V
import GLMImage
import ModelConfiguration
import ModelFixtures
import Tensor
import TensorAscend
import Testing

extension OnDevice {
    @Suite struct WeightFootprintTests {
        @Test(
            "each stage's weights take on a card what is counted for it",
            arguments: [Variant.f32, .bf16], Fixture.checkpoints)
        func weights(variant: Variant, checkpoint: String) throws {
            let folder = try Fixture.model(checkpoint)
            let weights = try CheckpointWeights(folder), transformer = try ImageConfigurations(folder).transformer
            let precision: Precision = variant == .f32 ? .f32 : .bf16
            for kind in StageKind.allCases {
                let device = MeteredDevice(try variant.device)
                let model: any AnyObject =
                    switch kind {
                    case .vision: try VisionEncoder(model: folder, device: device)
                    case .text: try TextGenerator(model: folder, device: device)
                    case .diffusion: try ImageRenderer(model: folder, devices: DeviceGroup(device))
                    }
                try device.synchronize()
                let constant = kind == .diffusion ? TransformerFootprint(transformer, elementBytes: 4).constant : 0
                #expect(device.memory.live - constant == weights.stage(kind).acceleratorBytes(precision), "\(kind)")
                #expect(device.memory.mapped == 0, "\(kind)")
                withExtendedLifetime(model) {}
            }
        }

        @Test("so do those of a question model", arguments: [Variant.f32, .bf16], Fixture.answerCheckpoints)
        func questionModel(variant: Variant, checkpoint: String) throws {
            let folder = try Fixture.model(checkpoint)
            let weights = try CheckpointWeights(folder)
            for kind in [StageKind.vision, .text] {
                let device = MeteredDevice(try variant.device)
                let model: any AnyObject =
                    kind == .vision ? try PictureEncoder(model: folder, device: device) : try AnswerGenerator(model: folder, device: device)
                try device.synchronize()
                #expect(device.memory.live == weights.stage(kind).acceleratorBytes(variant == .f32 ? .f32 : .bf16), "\(kind)")
                #expect(device.memory.mapped == 0, "\(kind)")
                withExtendedLifetime(model) {}
            }
        }
    }
}

/// What a process may see is another process: CANN reads the variable once.
@Suite struct DeviceNameTests {
    @Test("a process that sees one card of several names it as the machine counts it")
    func name() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(settings: ["DEVICES": "8"])
            setenv(VisibleDevices.variable, "5", 1)
            let device = try DeviceID.npu(0).makeDevice(precision: .auto, threads: nil)
            #expect(device.name == "npu:5")
            #expect { try DeviceID.npu(1).makeDevice(precision: .auto, threads: nil) } throws: { "\($0)".contains("sees 1 card") }
        }
    }
}
