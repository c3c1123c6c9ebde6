import Devices
import Domain
import Foundation
import ModelTools
import Tensor
import TensorAscend
import Testing

/// Each in a process of its own: CANN is loaded once, and the stand-in reads its settings once.
@Suite struct StartTests {
    @Test("both layouts of CANN's libraries are found, and chip, versions and memory are told")
    func layouts() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(.whole)
            let information = try AscendDevice(0, timeout: 60).information
            #expect(information.chip == "Ascend910B3" && information.devices == 1 && information.missing.isEmpty)
            #expect(
                information.cann != nil && information.driver != nil && information.freeMemory > 0 && information.memory >= information.freeMemory)
        }
        await #expect(processExitsWith: .success) {
            try StandIn.install(.split)
            #expect(try AscendDevice(0, timeout: 60).information.chip == "Ascend910B3")
        }
    }

    @Test("without CANN the reason is told, also for one library")
    func absent() async {
        await #expect(processExitsWith: .success) {
            setenv("ASCEND_HOME_PATH", "/nowhere", 1)
            expectUnavailable("libascendcl.so", "/nowhere/lib64")
        }
        await #expect(processExitsWith: .success) {
            try StandIn.install(leavingOut: ["libnnopbase.so"])
            expectUnavailable("libnnopbase.so")
        }
        await #expect(processExitsWith: .success) {
            try StandIn.install(leavingOut: ["libopapi.so"])
            expectUnavailable("libopapi.so")
        }
    }

    @Test("a missing required function is named; without an optional one its composition computes")
    func missing() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(without: "aclnnRmsNormGetWorkspaceSize")
            expectUnavailable("aclnnRmsNormGetWorkspaceSize", "8.1.RC1")
        }
        await #expect(processExitsWith: .success) {
            try StandIn.install(without: "aclnnFusedInferAttentionScoreV3GetWorkspaceSize")
            let device = try AscendDevice(0, timeout: 60)
            #expect(device.information.missing == ["aclnnFusedInferAttentionScoreV3"] && device.fallbacks.isEmpty)
            let lines = DeviceReport(device).lines
            #expect(lines[0].hasPrefix("npu:0: Ascend910B3, CANN ") && lines[1] == "  CANN has no aclnnFusedInferAttentionScoreV3")
        }
        await #expect(processExitsWith: .success) {
            try StandIn.install(without: "aclnnSwiGluGetWorkspaceSize")
            let device = try AscendDevice(0, timeout: 60)
            #expect(device.fallbacks.count == 1 && device.fallbacks[0].hasPrefix("SwiGLU: missing, or refused: CANN has no aclnnSwiGlu"))
        }
    }

    @Test("chips without the operators are refused by name, A3 is used, and so is no card that isn't there")
    func chips() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(settings: ["SOC": "Ascend910A"])
            expectUnavailable("Ascend910A is of the 910A family and has no bf16")
        }
        await #expect(processExitsWith: .success) {
            try StandIn.install(settings: ["SOC": "Ascend310P3"])
            expectUnavailable("Ascend310P3 has no bf16")
        }
        await #expect(processExitsWith: .success) {
            try StandIn.install(settings: ["SOC": "Ascend910_9391", "DEVICES": "2"])
            let device = try AscendDevice(1, timeout: 60)
            #expect(device.name == "npu:1" && device.fallbacks.isEmpty && device.information.devices == 2)
            #expect(throws: DeviceError.self) { try AscendDevice(2, timeout: 60) }
        }
    }

    @Test(
        "tasks that start late, plans that can't be kept, and A3 change no result",
        arguments: [
            ["STRESS": "7"], ["SOC": "Ascend910_9391", "STRESS": "8"],
            ["UNREPEATABLE": "aclnnMatmul,aclnnInplaceCopy,aclnnCast,aclnnAdd,aclnnRmsNorm,aclnnFusedInferAttentionScoreV3,aclnnConvolution"],
        ])
    func settings(settings: [String: String]) async {
        await #expect(processExitsWith: .success) { [settings] in
            try StandIn.install(settings: settings)
            let device = try AscendDevice(0, timeout: 60)
            #expect(device.fallbacks.isEmpty)
            let verdicts = try verdicts(on: device, precision: .bf16, checkpoint: "tiny-bf16-sharded", task: "image-to-image")
            #expect(verdicts.count { $0.outcome == .holds } >= 19 && !verdicts.contains { $0.outcome == .fails })
        }
    }

    @Test("two cards compute for one thread in turn, and for two threads at once")
    func twoCards() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(settings: ["DEVICES": "2"])
            let devices = [try AscendDevice(0, timeout: 60), try AscendDevice(1, timeout: 60)]
            let held = devices.map { $0.makeTensor([1, 2, 3], [3]) }
            for _ in 0..<3 { for (device, tensor) in zip(devices, held) { device.add(tensor, to: tensor.prefix([3])) } }
            for (device, tensor) in zip(devices, held) { #expect(try device.floats(tensor) == [8, 16, 24]) }
            let sums = try await withThrowingTaskGroup(of: [Float].self) { group in
                for device in devices {
                    group.addTask {
                        let x = device.makeTensor([1, 2], [2])
                        for _ in 0..<200 {
                            let y = device.makeTensor([1, 1], [2])
                            device.add(y, to: x)
                        }
                        return try device.floats(x)
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(sums == [201, 202, 201, 202])
        }
    }

    @Test(
        "a fused operator that computes wrongly without a word is done without, and the model still holds",
        arguments: [
            ("aclnnFusedInferAttentionScoreV3", ["fused attention: error", "fused causal attention: error", "fused paged attention: error"]),
            ("aclnnSwiGlu", ["SwiGLU: error"]),
            ("aclnnRotaryPositionEmbedding", ["fused rotation: error", "fused rotation of interleaved pairs: error"]),
            ("aclnnGroupNormSilu", ["GroupNorm with SiLU: error"]), ("aclnnAddRmsNorm", ["sum and RMSNorm in one: error"]),
            ("aclnnCumsum", ["sampling on the device: error"]),
        ])
    func wrongFused(symbol: String, reasons: [String]) async {
        await #expect(processExitsWith: .success) { [symbol, reasons] in
            try StandIn.install(settings: ["WRONG": symbol])
            let device = try AscendDevice(0, timeout: 60)
            #expect(device.fallbacks.count == reasons.count && zip(device.fallbacks, reasons).allSatisfy { $0.hasPrefix($1) }, "\(device.fallbacks)")
            let verdicts = try verdicts(on: device, precision: .bf16, checkpoint: "tiny-bf16-sharded", task: "text-to-image")
            #expect(!verdicts.contains { $0.outcome == .fails })
        }
    }

    @Test(
        "an operator without fallback that computes wrongly keeps the device from starting, and its operation is named",
        arguments: [
            ("aclnnMatmul", "linear"), ("aclnnAddmm", "linear"), ("aclnnGeluV2", "linear"), ("aclnnAddcmul", "linear"), ("aclnnEmbedding", "embed"),
            ("aclnnScatterNdUpdate", "embed"),
            ("aclnnRmsNorm", "RMSNorm"), ("aclnnLayerNorm", "LayerNorm"), ("aclnnAdds", "LayerNorm"), ("aclnnMul", "rotate"), ("aclnnSilu", "gated"),
            ("aclnnBatchMatMul", "attention"), ("aclnnSoftmax", "attention"), ("aclnnMuls", "attention"), ("aclnnConvolution", "convolution"),
            ("aclnnUpsampleNearest2d", "convolution"), ("aclnnGroupNorm", "GroupNorm"), ("aclnnArgMax", "argmax"),
            ("aclnnAbs", "residuals"), ("aclnnMean", "residuals"),
        ])
    func wrongRequired(symbol: String, operation: String) async {
        await #expect(processExitsWith: .success) { [symbol, operation] in
            try StandIn.install(settings: ["WRONG": symbol])
            expectUnavailable("self-test of", operation, "npu:0, Ascend910B3")
        }
    }

    @Test("attention is right beside the silent faults that public reports tell of: they are on no path that is taken")
    func silentFaults() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(settings: ["BUGS": "mask512,tnd,inf"])
            let device = try AscendDevice(0, timeout: 60)
            #expect(device.fallbacks.isEmpty)
            try expectRightAttention(device)
        }
    }
}

/// Starting must fail with all of `words`.
private func expectUnavailable(_ words: String..., sourceLocation: SourceLocation = #_sourceLocation) {
    do {
        _ = try AscendDevice(0, timeout: 60)
        Issue.record("a device was made", sourceLocation: sourceLocation)
    } catch let error as DeviceError {
        #expect(error.kind == .unavailable && words.allSatisfy(error.message.contains), "\(error)", sourceLocation: sourceLocation)
    } catch { Issue.record(error, sourceLocation: sourceLocation) }
}

/// Values that say which keys were seen: each query sees all keys up to its own place, equally.
private func expectRightAttention(_ device: AscendDevice) throws {
    let (rows, keys) = (100, 700)
    let output = device.makeTensor(Shape(rows, 16), .f32)
    let zeros = { (count: Int) in device.makeTensor([Float](repeating: 0, count: count * 16), Shape(count, 16)) }
    device.attention(
        Attention(heads: 1, keyValueHeads: 1, headSize: 16, scale: 1, mask: .causal), query: zeros(rows), key: zeros(keys),
        value: device.makeTensor((0..<keys * 16).map { Float($0 / 16 / 600) }, Shape(keys, 16)), into: output)
    let values = try device.floats(output)
    for row in 0..<rows {
        let seen = row + keys - rows + 1
        #expect(abs(values[row * 16] - Float(max(0, seen - 600)) / Float(seen)) < 2e-3)
    }
}
