import Decoding
import Foundation
import GLMImage
import ModelConfiguration
import ModelFixtures
import Tensor
import TensorAscend
import Testing

/// Each in a process of its own, with a fault that the stand-in injects.
@Suite struct FaultTests {
    @Test("one failed allocation costs nothing: unused memory is given back and the device is asked again")
    func oneFailure() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(settings: ["FAULT": "oom@1"])
            let device = try AscendDevice(0, timeout: 60)
            let values = (0..<5000).map(Float.init)
            let tensor = device.makeTensor(values, [5000])
            #expect(try device.floats(tensor) == values)
        }
    }

    @Test("a request that needs more memory than there is fails, and the next one runs")
    func outOfMemory() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(settings: ["MEMORY": "\(256 << 20)"])
            let device = try AscendDevice(0, timeout: 60)
            let table = device.makeTensor([5, 6, 7, 8], [2, 2])
            let rows = device.makeTensor([2, 2], .f32)
            do {
                let large = device.makeTensor([1 << 28], .f32)
                device.embed([1, 0], table: table, into: rows)
                device.write(Array(repeating: 0, count: 16), to: device.makeTensor([16], .f32))
                #expect { try device.synchronize() } throws: { ($0 as? DeviceError)?.kind == .outOfMemory }
                // What it left behind computes nothing and says so.
                #expect { _ = try device.floats(large.prefix([4])) } throws: { ($0 as? DeviceError)?.kind == .outOfMemory }
            }
            device.embed([1, 0], table: table, into: rows)
            #expect(try device.floats(rows) == [7, 8, 5, 6])
        }
    }

    @Test(
        "a kernel fault and a vanished card show where the queue is waited for, and stay",
        arguments: ["kernel@%:507015", "kernel@%:507035", "lost@%:507010", "lost@%:507054"])
    func lost(fault: String) async {
        await #expect(processExitsWith: .success) { [fault] in
            try StandIn.install(settings: ["FAULT": fault.replacing("%", with: "\(FaultTests.afterStart)")])
            let device = try AscendDevice(0, timeout: 60)
            let tensor = device.makeTensor([1, 2, 3], [3])
            for _ in 0..<FaultTests.afterStart { device.activate(.silu, tensor, into: tensor) }
            for _ in 0..<2 {
                #expect { _ = try device.floats(tensor) } throws: { error in
                    guard let error = error as? DeviceError else { return false }
                    return error.kind == .lost && error.message.hasPrefix("npu:0: ")
                }
            }
        }
    }

    @Test("a result that a stopped card drops is never taken for one: its read says that the card is lost, though its event has passed")
    func droppedCopy() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(settings: ["FAULT": "kernel@\(FaultTests.afterStart):507015"])
            let device = try AscendDevice(0, timeout: 60)
            let (tensor, ids) = (device.makeTensor([1, 2, 3], [3]), device.makeTensor([2], .i32))
            withUnsafeBytes(of: (Int32(41), Int32(42))) { device.write($0, to: ids) }
            // A buffer that holds good ids from before.
            #expect(try device.readLater(ids).integers() == [41, 42])
            var read: PendingRead?
            for _ in 0..<FaultTests.afterStart {
                device.activate(.silu, tensor, into: tensor)
                read = device.readLater(ids)
                do { _ = try read?.integers() } catch { break }
            }
            for _ in 0..<2 {
                #expect { _ = try read?.integers() } throws: { error in
                    guard let error = error as? DeviceError else { return false }
                    return error.kind == .lost && error.message.contains("507015")
                }
            }
            // Nothing more is queued, and a later read says the same.
            let launches = try #require(device.hostCalls).launches
            device.activate(.silu, tensor, into: tensor)
            #expect(try #require(device.hostCalls).launches == launches)
            #expect { _ = try device.readLater(ids).integers() } throws: { ($0 as? DeviceError)?.kind == .lost }
        }
    }

    @Test("an operator that turns down a shape fails what asked for it, and the device goes on")
    func refusedShape() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(settings: ["REFUSE": "aclnnSilu:37"])
            let device = try AscendDevice(0, timeout: 60)
            let x = device.makeTensor([Float](repeating: 0, count: 74), [37, 2])
            try device.checkFailure()
            device.activate(.silu, x, into: x)
            #expect {
                try device.checkFailure()
            } throws: { error in
                guard let error = error as? DeviceError else { return false }
                return error.kind == .refused && error.message.contains("aclnnSilu") && error.message.contains("161002")
            }
            try device.checkFailure()
            device.activate(.silu, x.rows(0..<36), into: x.rows(0..<36))
            #expect(try device.floats(x).allSatisfy { $0 == 0 })
        }
    }

    @Test("a prompt that an operator turns down ends its own request alone: the others of the batch get the ids that they get anyway")
    func refusedPrompt() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(settings: ["REFUSE": "aclnnRmsNorm:37"])
            let device = try AscendDevice(0, timeout: 60)
            let decoder = try TextGenerator(model: Fixture.model("tiny-f32"), device: device).decoder
            func run(_ lengths: [Int]) throws -> (ids: [Int: [Int32]], failures: [any Error]) {
                let cacheBytes = 20 * DecoderSizes.pageRows * decoder.cacheBytesPerToken
                let batch = TokenBatch(decoder, size: 3, cacheBytes: cacheBytes, sampledIDs: decoder.configuration.outputSize)
                var (ids, failures, lengthOf) = ([Int: [Int32]](), [any Error](), [Int: Int]())
                for length in lengths {
                    let sampler = Sampler(SamplingParameters(temperature: 1.2, topP: 0.9, topK: 40), seed: UInt64(length))
                    let request = DecodingRequest(
                        prompt: (0..<Int32(length)).map { $0 }, positions: SequencePositions(next: 0), sampler: sampler, stop: .count(20))
                    lengthOf[try batch.add(request)] = length
                }
                while !batch.isEmpty {
                    try batch.advance(checkCancellation: { _ in }) { event in
                        switch event {
                        case .done(let ticket, let all): ids[lengthOf[ticket] ?? 0] = all
                        case .failed(let ticket, let error):
                            #expect(lengthOf[ticket] == 37)
                            failures.append(error)
                        case .admitted, .read, .token: break
                        }
                    }
                }
                return (ids, failures)
            }
            let undisturbed = try run([36, 50])
            let disturbed = try run([36, 37, 50])
            #expect(undisturbed.failures.isEmpty && undisturbed.ids.count == 2 && disturbed.ids == undisturbed.ids)
            #expect(disturbed.failures.map { ($0 as? DeviceError)?.kind } == [.refused])
        }
    }

    @Test("a stream that never ends is given up after the time-out")
    func stuck() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(settings: ["FAULT": "stuck@\(FaultTests.afterStart)"])
            let device = try AscendDevice(0, timeout: 60)
            device.timeout = 1
            let tensor = device.makeTensor([1, 2, 3], [3])
            for _ in 0..<2 * FaultTests.afterStart { device.activate(.silu, tensor, into: tensor) }
            // Nor does the host go on for long meanwhile.
            #expect(try #require(device.hostCalls).launches < FaultTests.afterStart + 400)
            #expect { _ = try device.floats(tensor) } throws: { ($0 as? DeviceError)?.kind == .lost }
        }
    }

    /// An operator behind all that a start-up runs.
    static let afterStart = 3000
}
