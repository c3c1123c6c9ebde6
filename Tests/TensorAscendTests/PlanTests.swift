import Decoding
import Domain
import GLMImage
import ModelConfiguration
import ModelFixtures
import Tensor
import TensorAscend
import Testing

/// Which operators are planned anew. Each in a process of its own, with settings of the stand-in.
@Suite struct PlanTests {
    @Test("a decode batch that goes on beside prompts of many lengths is never planned anew, though their plans do not all fit")
    func decodeBesidePrompts() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install()
            // A step that is replayed plans nothing anyway.
            var fused = FusedOperators()
            fused.recording = false
            let device = try AscendDevice(0, precision: .bf16, timeout: 60, fused: fused)
            device.mostPlans = 600
            let decoder = try TextGenerator(model: Fixture.model("tiny-bf16-sharded"), device: device).decoder
            let batch = SequenceBatch(decoder, size: 2, cacheBytes: 20 * DecoderSizes.pageRows * decoder.cacheBytesPerToken)
            func open(tokens: Int) throws -> SequenceBatch.Sequence {
                let sequence = try #require(batch.open(SequencePositions(next: 0), capacity: tokens))
                try batch.extend(sequence, by: (0..<Int32(tokens)).map { $0 }) {}
                return sequence
            }
            let decoding = [try open(tokens: 2), try open(tokens: 3)]
            var planned: [Int] = []
            let start = try #require(device.hostCalls).plans
            // The batch stays within its first pages, so that its own shapes stay the same.
            for prompt in 0..<55 {
                batch.close(try open(tokens: 1 + 4 * prompt))
                let before = try #require(device.hostCalls).plans
                try batch.step(decoding, .host([5, 6]))
                planned.append(try #require(device.hostCalls).plans - before)
            }
            // What CANN lets nobody keep is planned at each step.
            let steady = try #require(planned.last)
            #expect(planned.dropFirst(20).allSatisfy { $0 == steady } && steady < planned[0] / 3, "\(planned)")
            #expect(try #require(device.hostCalls).plans - start > 3 * device.mostPlans)
            try device.synchronize()
        }
    }

    @Test("a call whose plan can't be kept costs no other call of its operator the plan")
    func oneUnrepeatable() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(settings: ["UNREPEATABLE": "aclnnInplaceCopy:strided"])
            let device = try AscendDevice(0, timeout: 60)
            let (x, y) = (device.makeTensor([Float](repeating: 1, count: 80), [4, 20]), device.makeTensor([4, 20], .f32))
            let apart = device.makeTensor([4, 40], .f32).columns(0..<20)
            func step() throws -> HostCalls {
                let before = try #require(device.hostCalls)
                device.copy(x, to: apart)
                device.copy(x, to: y)
                return try #require(device.hostCalls) - before
            }
            let first = try step()
            // Each is planned, and asked whether it can be kept.
            #expect(first.plans == 4 && first.launches == 2)
            for _ in 0..<3 {
                let again = try step()
                #expect(again.plans == 1 && again.launches == 2)
            }
            #expect(try device.floats(y) == [Float](repeating: 1, count: 80))
        }
    }

    @Test("plans that were dropped are kept again: none comes out of CANN's own cache, which could not be marked")
    func markedAnew() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install()
            let device = try AscendDevice(0, timeout: 60)
            let x = device.makeTensor([1, 2, 3], [3])
            func plans() throws -> Int {
                let before = try #require(device.hostCalls).plans
                device.activate(.silu, x, into: x)
                return try #require(device.hostCalls).plans - before
            }
            for _ in 0..<2 {
                #expect(try plans() == 2)
                #expect(try plans() == 0)
                device.releaseUnusedMemory()
            }
        }
    }
}
