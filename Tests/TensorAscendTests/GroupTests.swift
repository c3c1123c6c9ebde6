import Checkpoint
import Domain
import Foundation
import GLMImage
import ModelTools
import Tensor
import TensorAscend
import Testing

/// Passes divided among several cards of the stand-in, each in a process of its own.
@Suite struct GroupTests {
    private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures")
    /// Four heads and four blocks.
    private static let model = fixtures.appending(path: "../../Sources/GLMTiny/glm-tiny").standardizedFileURL

    /// Sides of guidance one after the other, each of as many cards.
    private static func group(_ sides: Int, of degree: Int, precision: Precision = .bf16, timeout: Int = 60) throws -> DeviceGroup {
        DeviceGroup(
            sides: try (0..<sides).map { side in
                let devices = try (side * degree..<(side + 1) * degree).map { try AscendDevice($0, precision: precision, timeout: 60) }
                return zip(devices, try AscendCommunicator.group(devices, timeout: timeout)).map { DeviceGroup.Rank($0, $1) }
            })
    }

    private static func install(_ settings: [String: String] = [:]) throws {
        setenv("HCCL_BUFFSIZE", "1", 1)
        try StandIn.install(settings: settings.merging(["DEVICES": "4"]) { own, _ in own })
    }

    /// 96 × 64 pixels: rows that four ranks can't divide evenly.
    private static func request(steps: Int = 2) throws -> RenderRequest {
        let parameters = try ImageParameters(ImageOptions(height: 64, width: 96, steps: steps, guidanceScale: 2, seed: 1))
        return try RenderRequest(
            prompt: "a \"cat\"", parameters: parameters, target: CodeGrid(GridSize(height: 2, width: 3), codes: [3, 2, 1, 0, 4, 5]))
    }

    @Test(
        "every part of the model holds with passes divided among two cards and among four", arguments: [2, 4], Precision.allCases.map(\.rawValue))
    func holds(degree: Int, precision: String) async {
        await #expect(processExitsWith: .success) { [degree, precision] in
            let precision = try #require(Precision(rawValue: precision))
            try GroupTests.install(["STRESS": "5"])
            let group = try GroupTests.group(1, of: degree, precision: precision)
            for task in ["text-to-image", "image-to-image"] {
                let verifier = try Verifier(
                    model: ModelFolder(GroupTests.model), reference: GroupTests.fixtures.appending(path: "glm-tiny-\(task).safetensors"),
                    device: group.main, diffusion: group, precision: precision)
                for verdict in verifier.run() where verdict.outcome == .fails {
                    Issue.record("\(task), \(verdict.name): error \(verdict.error ?? .nan), limit \(verdict.limit ?? .nan), \(verdict.detail)")
                }
            }
        }
    }

    @Test("two sides of guidance, of two cards each, draw a picture, and the same again")
    func sides() async {
        await #expect(processExitsWith: .success) {
            try GroupTests.install()
            let renderer = try ImageRenderer(model: ModelFolder(GroupTests.model), devices: GroupTests.group(2, of: 2))
            let picture = try renderer.render(GroupTests.request(), onStep: { _ in })
            #expect(try renderer.render(GroupTests.request(), onStep: { _ in }) == picture)
        }
    }

    @Test(
        "a rank whose card is lost, or whose kernel hangs, ends the picture within the time-out, with the name of a card",
        arguments: ["lost@%:507010", "stuck@%"])
    func lost(fault: String) async {
        await #expect(processExitsWith: .success) { [fault] in
            try GroupTests.install(["FAULT": fault.replacing("%", with: "\(2 * FaultTests.afterStart)")])
            let renderer = try ImageRenderer(model: ModelFolder(GroupTests.model), devices: GroupTests.group(1, of: 2, timeout: 5))
            let start = ContinuousClock.now
            #expect {
                _ = try renderer.render(GroupTests.request(steps: 100), onStep: { _ in })
            } throws: { error in
                guard let error = error as? DeviceError else { return false }
                return error.kind == .lost && (error.message.hasPrefix("npu:0") || error.message.hasPrefix("npu:1"))
            }
            #expect(ContinuousClock.now - start < .seconds(120))
            // Nothing can be freed on a card that hangs.
            _ = Unmanaged.passRetained(renderer)
        }
    }

    @Test("a card that does not reach the others when they connect ends the start within the time-out, with its name")
    func apart() async {
        await #expect(processExitsWith: .success) {
            try GroupTests.install(["FAULT": "apart:1"])
            let devices = try (0..<3).map { try AscendDevice($0, timeout: 60) }
            #expect {
                _ = try AscendCommunicator.group(devices, timeout: 1)
            } throws: { error in
                (error as? DeviceError)?.message == "npu:1: not connected with the others within 1 seconds"
            }
        }
    }

    @Test("a process without HCCL computes on one card, and says why it can't on two")
    func missing() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(leavingOut: ["libhccl.so"], settings: ["DEVICES": "2"])
            let devices = try (0..<2).map { try AscendDevice($0, timeout: 60) }
            #expect {
                _ = try AscendCommunicator.group(devices)
            } throws: { error in
                guard let error = error as? DeviceError else { return false }
                return error.kind == .unavailable && error.message.contains("libhccl.so")
            }
        }
        // One that is there and is no library is told of by its path, not as absent.
        await #expect(processExitsWith: .success) {
            try StandIn.install(leavingOut: ["libhccl.so"], settings: ["DEVICES": "2"])
            let path = String(cString: getenv("ASCEND_HOME_PATH")) + "/lib64/libhccl.so"
            try Data("nothing".utf8).write(to: URL(filePath: path))
            let devices = try (0..<2).map { try AscendDevice($0, timeout: 60) }
            #expect {
                _ = try AscendCommunicator.group(devices)
            } throws: { error in
                (error as? DeviceError)?.message.contains("\(path): ") ?? false
            }
        }
    }

    @Test("a request that is cancelled ends all ranks behind the same collective, and the next picture is the same as before")
    func cancelled() async {
        await #expect(processExitsWith: .success) {
            struct Left: Error {}
            try GroupTests.install()
            let renderer = try ImageRenderer(model: ModelFolder(GroupTests.model), devices: GroupTests.group(1, of: 4))
            let before = try renderer.render(GroupTests.request(), onStep: { _ in })
            for last in [1, 3, 6] {
                var checks = 0
                #expect(throws: Left.self) {
                    try renderer.render(
                        GroupTests.request(),
                        checkCancellation: {
                            checks += 1
                            if checks == last { throw Left() }
                        }, onStep: { _ in })
                }
            }
            #expect(try renderer.render(GroupTests.request(), onStep: { _ in }) == before)
        }
    }
}
