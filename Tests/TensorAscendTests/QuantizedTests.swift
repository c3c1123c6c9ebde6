import Checkpoint
import Domain
import Foundation
import GLMImage
import ModelConfiguration
import ModelFixtures
import ModelTools
import Tensor
import TensorAscend
import TensorCPU
import Testing

/// Models whose weights are int8, on a card.
@Suite struct QuantizedTests {
    @Test("every part of a model with int8 weights holds, by the tolerance of int8", arguments: ["tiny-bf16-sharded", "tiny-mixed"])
    func holds(checkpoint: String) async {
        await #expect(processExitsWith: .success) { [checkpoint] in
            try StandIn.install()
            let output = FileManager.default.temporaryDirectory.appending(path: "glm-int8-\(UUID().uuidString)", directoryHint: .isDirectory)
            defer { try? FileManager.default.removeItem(at: output) }
            _ = try CheckpointQuantizer(model: try Fixture.model(checkpoint), output: output).run()
            let device = try AscendDevice(0, timeout: 60), model = try ModelFolder(output)
            #expect(device.fallbacks.isEmpty, "\(device.fallbacks)")
            for task in ["text-to-image", "image-to-image"] {
                let verdicts = try verdicts(on: device, precision: .bf16, checkpoint: checkpoint, task: task, model: model)
                for verdict in verdicts where verdict.outcome == .fails {
                    Issue.record("\(task), \(verdict.name): error \(verdict.error ?? .nan), limit \(verdict.limit ?? .nan), \(verdict.detail)")
                }
                #expect(verdicts.count { $0.outcome == .holds } >= (task == "text-to-image" ? 14 : 19))
            }
        }
    }

    @Test("the text stage's weights take on a card what is planned for them: a byte for each of int8")
    func footprint() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install()
            let output = FileManager.default.temporaryDirectory.appending(path: "glm-int8-\(UUID().uuidString)", directoryHint: .isDirectory)
            defer { try? FileManager.default.removeItem(at: output) }
            let plain = try Fixture.model("tiny-bf16-sharded")
            _ = try CheckpointQuantizer(model: plain, output: output).run()
            let folder = try ModelFolder(output), device = MeteredDevice(try AscendDevice(0, timeout: 60))
            let model = try TextGenerator(model: folder, device: device)
            try device.synchronize()
            let planned = try CheckpointWeights(folder).stage(.text).acceleratorBytes(.bf16)
            #expect(device.memory.live == planned)
            let before = try CheckpointWeights(plain).stage(.text).acceleratorBytes(.bf16)
            #expect(planned < before)
            withExtendedLifetime(model) {}
        }
    }

    @Test("a product with int8 weights is close to the CPU's, with every epilogue, and its weight takes a byte an element")
    func products() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install()
            let card = try AscendDevice(0, timeout: 60), cpu = CPUDevice(threads: 1, kernels: .generic)
            var noise = Noise(4)
            let (rows, inputs, outputs) = (21, 96, 40)
            let (x, bias, gate, start) = (noise(rows * inputs), noise(outputs), noise(outputs), noise(rows * outputs))
            let scales = noise(outputs).map { 0.01 + abs($0) / 100 }
            func results(_ device: any Device) throws -> [[Float]] {
                let weight = int8Weight(outputs, inputs, scales, on: device)
                let gate = device.makeTensor(gate, Shape(outputs))
                return try [Epilogue.store(.geluTanh), .add, .addGated(gate)].map { epilogue in
                    let y = device.makeTensor(start, Shape(rows, outputs))
                    device.linear(device.makeTensor(x, Shape(rows, inputs)), weight, bias: device.makeTensor(bias, Shape(outputs)), epilogue, into: y)
                    return try device.floats(y)
                }
            }
            for (one, other) in zip(try results(card), try results(cpu)) {
                let largest = other.map(abs).max() ?? 0
                #expect(zip(one, other).allSatisfy { abs($0 - $1) <= 0.03 * largest })
            }
            #expect(int8Weight(outputs, inputs, scales, on: card).elements.byteCount == outputs * inputs)
        }
    }

    @Test("a row has the same bits alone, in a batch and at each place, though CANN sums other products as it likes")
    func bits() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(settings: ["ORDER_BY_PLACE": "1"])
            let device = try AscendDevice(0, timeout: 60)
            var noise = Noise(5)
            let (inputs, outputs) = (512, 64), row = noise(inputs)
            let weight = int8Weight(outputs, inputs, noise(outputs).map { 0.01 + abs($0) }, on: device)
            func products(_ rows: Int) throws -> [Float] {
                let y = device.makeTensor(Shape(rows, outputs), .f32)
                let x = device.makeTensor((0..<rows).flatMap { _ in row }, Shape(rows, inputs))
                device.linear(x, weight, bias: nil, .store(.identity), into: y)
                return try device.floats(y)
            }
            let alone = try products(1)
            for rows in [4, 19] { #expect(try products(rows) == (0..<rows).flatMap { _ in alone }) }
        }
    }

    @Test(
        "a card that lacks an operator for int8, or whose operator is wrong, says which, and refuses such weights by name",
        arguments: [
            ("aclnnDynamicQuant", false, "missing, or refused: CANN has no aclnnDynamicQuant"),
            ("aclnnQuantMatmulV4", false, "missing, or refused: CANN has no aclnnQuantMatmulV4"), ("aclnnQuantMatmulV4", true, "error "),
        ])
    func refused(symbol: String, isWrong: Bool, reason: String) async {
        await #expect(processExitsWith: .success) { [symbol, isWrong, reason] in
            if isWrong { try StandIn.install(settings: ["WRONG": symbol]) } else { try StandIn.install(without: symbol + "GetWorkspaceSize") }
            let device = try AscendDevice(0, timeout: 60)
            #expect(device.fallbacks.count == 1 && device.fallbacks[0].hasPrefix("products with int8 weights: \(reason)"), "\(device.fallbacks)")
            let weight = int8Weight(4, 32, [1, 1, 1, 1], on: device)
            do throws(DeviceError) {
                try device.check(weight, named: "layer.weight")
                Issue.record("the weight was taken")
            } catch {
                #expect(error.kind == .unavailable && error.message == "npu:0 multiplies no weights of the form i8 with scales: layer.weight [4, 32]")
            }
        }
    }
}

/// Elements of all sizes and signs, as a checkpoint would have them.
private func int8Weight(_ outputs: Int, _ inputs: Int, _ scales: [Float], on device: any Device) -> MatrixWeight {
    let elements = (0..<outputs * inputs).map { Int8($0 * 73 % 255 - 127) }
    let address = UnsafeMutableRawPointer.allocate(byteCount: elements.count, alignment: 64)
    elements.withUnsafeBytes { address.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    let stored = Tensor(storage: Storage(address: address, byteCount: elements.count) { $0.deallocate() }, dtype: .i8, shape: Shape(outputs, inputs))
    return MatrixWeight(device.place(stored), scales: device.makeTensor(scales, Shape(outputs)))
}
