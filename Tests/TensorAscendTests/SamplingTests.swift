import Checkpoint
import Decoding
import Foundation
import GLMImage
import Domain
import Tensor
import TensorAscend
import TensorCPU
import Testing

extension OnDevice {
    /// Ids sampled where the logits are.
    @Suite struct SamplingTests {
        private static let codes = 500

        /// Samples of all kinds from rows of noise.
        private func sampled(by device: any Device) throws -> [Int32] {
            var noise = Noise(21)
            var ids: [Int32] = []
            for round in 0..<8 {
                let parameters = (0..<6).map { row in
                    SamplingParameters(
                        temperature: [0.5, 1, 2][(row + round) % 3], topP: [1, 0.75, 0.3][row % 3], topK: [0, 40, 1][(row + round / 2) % 3],
                        generator: CounterGenerator(seed: 3, position: round * 6 + row))
                }
                let logits = device.makeTensor(noise(6 * Self.codes).map { 4 * $0 }, [6, Self.codes])
                let result = SampledTokens(rows: 6, on: device)
                device.sample(logits, parameters, into: result)
                let (later, mass) = (device.readLater(result.ids), device.readLater(result.mass))
                #expect(try mass.floats().allSatisfy { $0 > 0 })
                ids += try later.integers()
            }
            return ids
        }

        @Test("a device samples the ids that the host samples", arguments: Variant.allCases)
        func agreement(variant: Variant) throws {
            #expect(try sampled(by: variant.device) == sampled(by: CPUDevice(threads: 1)))
        }

        @Test("rows that are not finite are told, hurt no other row, and leave the device whole", arguments: Variant.allCases)
        func notFinite(variant: Variant) throws {
            let device = try variant.device
            let logits = device.makeTensor([1, 2, 0, .nan, 1, 0, 0, .infinity, 3, 5, 1, -.infinity], [4, 3])
            let result = SampledTokens(rows: 4, on: device)
            device.sample(
                logits, [SamplingParameters](repeating: SamplingParameters(temperature: 1, topP: 0.5, topK: 0), count: 4), into: result)
            #expect(try device.floats(result.mass).map(\.isNaN) == [false, true, true, false])
            let ids = try device.integers(result.ids)
            #expect(ids[0] == 1 && ids[3] == 0 && ids.allSatisfy { (0..<3).contains($0) })
        }

        @Test("ids that lie on the device are looked up there", arguments: Variant.allCases)
        func embed(variant: Variant) throws {
            try expectAgreement(variant) { device in
                var noise = Noise(22)
                let table = device.place(hostWeight(noise(9 * 5), [9, 5], .bf16))
                let ids = device.makeTensor([3], .i32)
                [Int32(8), 0, 3].withUnsafeBytes { device.write($0, to: ids) }
                let y = device.makeTensor([3, 5], .f32)
                device.embed(ids, table: table, into: y)
                return try device.floats(y)
            }
        }

        @Test("requests that are sampled together steps ahead of the host, join and leave get the ids that each gets alone from a host that waits")
        func ahead() throws {
            let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures")
            let model = try ModelFolder(fixtures.appending(path: "tiny-f32", directoryHint: .isDirectory))
            let device = try Variant.f32.device
            #expect(device.stepsAhead > 0)
            let requests = try [(64, 96, "a cat"), (32, 32, "one"), (96, 64, "a red circle"), (64, 64, "the last")].enumerated().map { index, item in
                let options = ImageOptions(height: item.0, width: item.1, seed: UInt64(index))
                return try TokenRequest(prompt: item.2, parameters: ImageParameters(options))
            }
            let host = CPUDevice(threads: 1)
            let alone = try requests.map { try ids(of: [$0], TextGenerator(model: model, device: host), size: 1)[0] }
            #expect(try ids(of: requests, TextGenerator(model: model, device: device), size: 3) == alone)
        }

        private func ids(of requests: [TokenRequest], _ generator: TextGenerator, size: Int) throws -> [[Int32]] {
            let batch = CodeBatch(generator, size: size, cacheBytes: generator.cacheBytes(batch: size))
            let tickets = try requests.map { try batch.add($0).ticket }
            var sampled: [Int: [Int32]] = [:]
            while !batch.isEmpty {
                try batch.advance(checkCancellation: { _ in }) { event in
                    if case .token(let ticket, let index, let id) = event {
                        #expect(index == sampled[ticket, default: []].count)
                        sampled[ticket, default: []].append(id)
                    }
                    if case .failed(_, let error) = event { Issue.record(error) }
                }
            }
            return tickets.map { sampled[$0] ?? [] }
        }
    }
}
