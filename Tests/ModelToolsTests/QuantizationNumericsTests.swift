import Checkpoint
import Devices
import Domain
import Foundation
import ModelConfiguration
import ModelFixtures
import ModelTools
import Tensor
import TensorCPU
import Testing

/// What stages tell of how weights are quantised.
@Suite struct QuantizationNumericsTests {
    @Test("each stage of a quantised checkpoint tells int8, and none of a plain one tells anything", arguments: ["tiny-f32", "tiny-answer-f32"])
    func folders(checkpoint: String) throws {
        let plain = try Fixture.model(checkpoint)
        let output = FileManager.default.temporaryDirectory.appending(path: "glm-int8-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: output) }
        _ = try CheckpointQuantizer(model: plain, output: output).run()
        let quantized = try ModelFolder(output)
        for kind in plain.pipeline.stageKinds {
            #expect(try plain.quantization(kind) == "")
            #expect(try quantized.quantization(kind) == "int8", "\(kind)")
        }
    }

    @Test("with int8 weights the kernels' name says whether activations are rounded to int8 too; with others it doesn't")
    func kernels() {
        let device = CPUDevice(threads: 1, kernels: .generic)
        func told(_ quantization: String) -> Numerics { Numerics(DeviceGroup(device), quantization: quantization) }
        #expect(told("int8") == Numerics(precision: "f32", kernels: device.features, quantization: "int8"))
        device.useInt8()
        #expect(told("int8").kernels == device.features + "+int8")
        #expect(told("").kernels == device.features)
    }
}
