import Decoding
import GLMImage
import ModelConfiguration
import ModelFixtures
import Tensor
import TensorAscend
import Testing

extension OnDevice {
    /// What a device records, and what becomes of it.
    @Suite struct RecordingTests {
        @Test("a replay computes with what its inputs hold then, and the host makes one call for it")
        func replays() throws {
            let device = try Devices.bf16.get()
            let (x, y) = (device.makeTensor([1, 2, 3, 4], [2, 2]), device.makeTensor([2, 2], .f32))
            let recording = try #require(
                device.record(writing: [y]) {
                    device.copy(x, to: y)
                    device.add(x, to: y)
                    device.add(x, times: 1, to: y, times: 3)
                })
            #expect(try device.floats(y) == [7, 14, 21, 28])
            device.write([0, -1, 5, 0.5], to: x)
            let before = try #require(device.hostCalls)
            #expect(device.replay(recording))
            let calls = try #require(device.hostCalls) - before
            #expect(calls.total == 1 && calls.replayed == 4, "\(calls)")
            #expect(try device.floats(y) == [0, -7, 35, 3.5])
        }

        @Test("a device keeps 16 recordings, those that were replayed last, and none when it gives memory back")
        func dropped() throws {
            let device = try Devices.bf16.get()
            let (x, y) = (device.makeTensor([1, 2], [1, 2]), device.makeTensor([1, 2], .f32))
            func record() throws -> Recording { try #require(device.record(writing: [y]) { device.copy(x, to: y) }) }
            let recordings = try (0..<16).map { _ in try record() }
            #expect(device.replay(recordings[0]))
            let last = try record()
            #expect(recordings.map { device.replay($0) } == [true, false] + Array(repeating: true, count: 14) && device.replay(last))
            device.releaseUnusedMemory()
            #expect(!device.replay(recordings[0]) && !device.replay(last))
            #expect(try device.replay(record()) && device.floats(y) == [1, 2])
        }

        @Test("a metered device keeps no recording that nobody else has, and counts the work of a replay")
        func metered() throws {
            let base = try Devices.bf16.get(), device = MeteredDevice(base)
            let x = device.makeTensor([1, 2], [1, 2]), y = device.makeTensor([1, 2], .f32)
            let weight = MatrixWeight(device.place(hostWeight([1, 0, 0, 1], [2, 2], .bf16)))
            struct Dropped { weak var recording: Recording? }
            func record() throws -> Recording {
                try #require(device.record(writing: [y]) { device.linear(x, weight, bias: nil, .store(.identity), into: y) })
            }
            let dropped = try (0..<40).map { _ in Dropped(recording: try record()) }
            let kept = try record()
            #expect(dropped.count { $0.recording != nil } < 16)
            device.reset()
            #expect(device.replay(kept) && device.work.floatingPointOperations == 8)
            base.releaseUnusedMemory()
            #expect(dropped.allSatisfy { $0.recording == nil })
        }

        @Test("what lies between operators of a recording is no other tensor's memory")
        func scratch() throws {
            let device = try Devices.bf16.get()
            var noise = Noise(31)
            let values = noise(40 * 64)
            let (x, y) = (device.makeTensor(values, [40, 64]), device.makeTensor([40, 64], .f32))
            let weight = device.place(hostWeight(noise(64 * 64), [64, 64], .bf16))
            let recording = try #require(
                device.record(writing: [y]) { device.linear(x, MatrixWeight(weight), bias: nil, .store(.silu), into: y) })
            let truth = try device.floats(y)
            let others = (0..<20).map { device.makeTensor([Float](repeating: Float($0), count: 40 * 64), [40, 64]) }
            #expect(device.replay(recording))
            #expect(try device.floats(y) == truth)
            for (index, other) in others.enumerated() { #expect(try device.floats(other).allSatisfy { $0 == Float(index) }) }
        }

        @Test(
            "the logits of steps have the same bits replayed as launched, while sequences join, grow into longer tables and leave; steps whose attention is composed, by lengths of the host, are not recorded",
            arguments: [("tiny-bf16-sharded", true), ("tiny-f32", false)])
        func logits(model: String, isRecorded: Bool) throws {
            func logits(_ device: AscendDevice) throws -> [[UInt32]] {
                let decoder = try TextGenerator(model: Fixture.model(model), device: device).decoder
                let batch = SequenceBatch(decoder, size: 3, cacheBytes: 20 * DecoderSizes.pageRows * decoder.cacheBytesPerToken)
                var (sequences, result): ([SequenceBatch.Sequence], [[UInt32]]) = ([], [])
                func steps(_ predicted: Int? = nil) throws {
                    for step in 0..<5 {
                        try batch.step(sequences, .host(sequences.indices.map { Int32(7 * $0 + step) }), predicted: predicted)
                        result.append(try batch.lastLogits().map(\.bitPattern))
                    }
                }
                for prompt in [30, 250, 5] {
                    let sequence = try #require(batch.open(SequencePositions(next: 0), capacity: prompt + 30))
                    try batch.extend(sequence, by: (0..<Int32(prompt)).map { $0 * 31 % 600 }) {}
                    sequences.append(sequence)
                    try steps()
                }
                try steps(1)
                batch.close(sequences.remove(at: 1))
                try steps()
                return result
            }
            let device = try Devices.bf16.get()
            let before = try #require(device.hostCalls).replayed
            #expect(try logits(device) == logits(Devices.launching.get()))
            #expect(try (#require(device.hostCalls).replayed > before) == isRecorded)
        }
    }
}

/// Each in a process of its own: a device that could not record something records nothing any more.
@Suite struct RecordingFailureTests {
    @Test(
        "where CANN records nothing, or stops doing so, operators are launched, and the reason is told",
        arguments: [("capture@1:207000", "answered 207000"), ("capture@2:107030", "answered 107030")])
    func refused(fault: String, reason: String) async {
        await #expect(processExitsWith: .success) { [fault, reason] in
            try StandIn.install(settings: ["FAULT": fault])
            let device = try AscendDevice(0, timeout: 60)
            #expect((device.recordingFailure == nil) == fault.hasPrefix("capture@2"))
            let (x, y) = (device.makeTensor([1, 2], [1, 2]), device.makeTensor([1, 2], .f32))
            #expect(device.record(writing: [y]) { device.copy(x, to: y) } == nil)
            #expect(device.recordingFailure?.contains(reason) == true && device.fallbacks.isEmpty, "\(device.recordingFailure ?? "")")
            device.add(x, times: 2, to: x, times: 1)
            #expect(try device.floats(x) == [3, 6])
        }
    }

    @Test("a CANN without recordings is no failure")
    func absent() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(without: "aclmdlRICaptureBegin")
            let device = try AscendDevice(0, timeout: 60)
            #expect(device.recordingFailure == "CANN has no aclmdlRICaptureBegin" && device.fallbacks.isEmpty)
        }
    }

    @Test("a body that uploads can't be recorded; one that does not do the same each time is found by its bits")
    func wrongBodies() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install()
            let device = try AscendDevice(0, timeout: 60)
            let y = device.makeTensor([1, 2], [1, 2])
            #expect(device.record(writing: [y]) { device.write([3, 4], to: y) } == nil)
            #expect(device.recordingFailure?.hasSuffix("while it records") == true, "\(device.recordingFailure ?? "")")
            #expect(try device.floats(y) == [0, 0] || device.floats(y) == [3, 4])
        }
        await #expect(processExitsWith: .success) {
            try StandIn.install()
            let device = try AscendDevice(0, timeout: 60)
            let (x, y) = (device.makeTensor([1, 2], [1, 2]), device.makeTensor([1, 2], [1, 2]))
            #expect(device.record(writing: [y]) { device.add(x, to: y) } == nil)
            #expect(device.recordingFailure == "a replay gives other bits than its operators")
        }
    }

    @Test("streams for recordings run out: the recordings there are stay in use")
    func streams() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(settings: ["GRAPHS": "3"])
            let device = try AscendDevice(0, timeout: 60)
            let (x, y) = (device.makeTensor([1, 2], [1, 2]), device.makeTensor([1, 2], .f32))
            let recordings = (0..<4).compactMap { _ in device.record(writing: [y]) { device.copy(x, to: y) } }
            #expect(!recordings.isEmpty && recordings.count < 4 && device.recordingFailure?.contains("207008") == true)
            #expect(recordings.allSatisfy { device.replay($0) })
            #expect(try device.floats(y) == [1, 2])
        }
    }

    @Test("replays that run late read what was written for them")
    func late() async {
        await #expect(processExitsWith: .success) {
            try StandIn.install(settings: ["STRESS": "7"])
            let device = try AscendDevice(0, timeout: 60)
            let (x, y) = (device.makeTensor([0], [1, 1]), device.makeTensor([1, 1], .f32))
            let recording = try #require(device.record(writing: [y]) { device.copy(x, to: y) })
            let reads = (0..<30).map { step in
                device.write([Float(step)], to: x)
                #expect(device.replay(recording))
                return device.readLater(y)
            }
            for (step, read) in reads.enumerated() { #expect(try read.floats() == [Float(step)]) }
        }
    }
}
