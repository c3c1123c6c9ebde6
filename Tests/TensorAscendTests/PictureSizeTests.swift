import Checkpoint
import Foundation
import GLMImage
import Domain
import Tensor
import TensorAscend
import Testing

/// Memory of the device from one picture to the next.
@Suite struct PictureSizeTests {
    @Test("pictures of many sizes hold no more of the card than the largest of them alone, to a block")
    func largest() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install()
            let smallestBlock = 4 << 20
            let alone = try PictureSizeTests.memory(after: [384])
            #expect(try PictureSizeTests.memory(after: [256, 320, 384, 320, 384]) <= alone + smallestBlock)
        }
    }

    /// What a device holds that has drawn pictures of these sides.
    private static func memory(after sides: [Int]) throws -> Int {
        let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures")
        let device = try AscendDevice(0, precision: .f32, timeout: 60)
        let renderer = try ImageRenderer(
            model: ModelFolder(fixtures.appending(path: "tiny-f32", directoryHint: .isDirectory)), devices: DeviceGroup(device))
        for side in sides {
            let cells = side / 32
            let target = CodeGrid(GridSize(height: cells, width: cells), codes: [Int32](repeating: 3, count: cells * cells))
            let parameters = try ImageParameters(ImageOptions(height: side, width: side, steps: 1, guidanceScale: 1, seed: 0))
            let request = try RenderRequest(prompt: "a red circle", parameters: parameters, target: target)
            _ = try renderer.render(request, onStep: { _ in })
        }
        return device.reservedMemory
    }
}
