import Foundation
import Synchronization
import Tensor
import TensorCPU
import Testing

@Suite struct CommunicatorTests {
    /// Runs the body on a thread for each rank, and returns what each came to.
    private func onRanks<Value: Sendable>(
        _ size: Int, timeout: Double = 60, _ body: @escaping @Sendable (CPUDevice, CPUCommunicator) throws -> Value
    ) -> [Result<Value, any Error>] {
        let results = Mutex<[Int: Result<Value, any Error>]>([:]), ended = DispatchGroup()
        for communicator in CPUCommunicator.group(size, timeout: timeout) {
            ended.enter()
            Thread.detachNewThread {
                let result = Result { try body(CPUDevice(threads: 1), communicator) }
                results.withLock { $0[communicator.rank] = result }
                ended.leave()
            }
        }
        ended.wait()
        let all = results.withLock { $0 }
        return (0..<size).compactMap { all[$0] }
    }

    @Test("an all-to-all takes part j of each rank to rank j, in the order of the ranks, again and again", arguments: [1, 2, 4, 8])
    func allToAll(size: Int) throws {
        let received = onRanks(size) { device, communicator in
            let y = device.makeTensor(Shape(size, 3), .f32)
            return try (0..<50).map { round in
                // Who sends, to whom, in which round.
                let sent = (0..<size).flatMap { to in [Float](repeating: Float(10_000 * round + 100 * communicator.rank + to), count: 3) }
                communicator.allToAll(device.makeTensor(sent, Shape(size, 3)), into: y)
                try communicator.synchronize()
                return try device.floats(y)
            }
        }
        for (rank, result) in received.enumerated() {
            for (round, values) in try result.get().enumerated() {
                let expected: [Float] = (0..<size).flatMap { from in [Float](repeating: Float(10_000 * round + 100 * from + rank), count: 3) }
                #expect(values == expected)
            }
        }
    }

    @Test("a sum is added in the order of the ranks and has the same bits on each of them")
    func allReduce() throws {
        let terms: [Float] = [1e8, 1, -1e8, 0.1]
        let sums = onRanks(4) { device, communicator in
            let x = device.makeTensor([terms[communicator.rank], 1], [2])
            communicator.allReduce(x)
            try communicator.synchronize()
            return try device.floats(x)
        }
        for sum in sums { #expect(try sum.get() == [terms.dropFirst().reduce(terms[0], +), 4]) }
    }

    /// The messages of ranks that must all have failed with a lost group.
    private func failures<Value>(_ results: [Result<Value, any Error>]) -> Set<String> {
        Set(
            results.map { result in
                guard case .failure(let error as DeviceError) = result, error.kind == .lost else { return "no failure" }
                return error.message
            })
    }

    @Test("ranks that queue different collectives all fail, with what differs")
    func differing() {
        let results = onRanks(3) { device, communicator in
            let x = device.makeTensor([0, 0, 0], [3])
            if communicator.rank == 1 { communicator.allReduce(x) } else { communicator.allToAll(x, into: device.makeTensor([3], .f32)) }
            try communicator.synchronize()
        }
        #expect(failures(results) == ["cpu (rank 0) queued an all-to-all of 3 f32, cpu (rank 1) an all-reduce of 3 f32"])
    }

    @Test("a rank that can't go on ends the others' wait with its reason, and no collective runs behind it")
    func aborted() {
        let results = onRanks(3) { device, communicator in
            let x = device.makeTensor([1, 2, 3], [3])
            if communicator.rank == 2 { communicator.abort(DeviceError(.outOfMemory, "no memory")) } else { communicator.allReduce(x) }
            communicator.allReduce(x)
            #expect(try device.floats(x) == [1, 2, 3])
            try communicator.synchronize()
        }
        #expect(failures(results) == ["cpu (rank 2): no memory"])
    }

    @Test("a rank that doesn't come is named when the others have waited long enough")
    func missing() {
        let results = onRanks(3, timeout: 0.2) { device, communicator in
            if communicator.rank != 1 { communicator.allReduce(device.makeTensor([1], [1])) } else { Thread.sleep(forTimeInterval: 1) }
            try communicator.synchronize()
        }
        #expect(failures(results) == ["cpu (rank 1): missed in an all-reduce of 1 f32 for 0.2 seconds"])
    }

    @Test("a round is complete with the last rank that comes, and over with the last that leaves")
    func round() {
        var round = CollectiveRound(["a", "b", "c"])
        let call = CollectiveCall(.allReduce, CPUDevice(threads: 1).makeTensor([1], [1]))
        for _ in 0..<2 {
            #expect([2, 0, 1].map { round.arrive($0, with: call) } == [.waiting, .waiting, .complete])
            #expect(round.calls.count == 3)
            #expect([1, 2, 0].map { round.leave($0) } == [.waiting, .waiting, .complete])
        }
        _ = round.arrive(0, with: call)
        round.expire(0, after: 5)
        #expect(round.failure?.message == "b, c: missed in an all-reduce of 1 f32 for 5.0 seconds")
        #expect(round.arrive(1, with: call) == .failed && round.leave(0) == .failed)
        round.fail("later")
        #expect(round.failure?.message.hasPrefix("b, c") == true, "the first failure counts")
    }

    @Test("who has not left a collective is late, not who has")
    func leaving() {
        var round = CollectiveRound(["a", "b"])
        let call = CollectiveCall(.allToAll, CPUDevice(threads: 1).makeTensor([1, 2], [2]))
        for rank in 0..<2 { _ = round.arrive(rank, with: call) }
        _ = round.leave(0)
        round.expire(0, after: 5)
        #expect(round.failure?.message.hasPrefix("b: ") == true)
    }
}
