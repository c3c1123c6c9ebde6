import AscendStandIn
import CAscend
import Foundation
import Testing

/// Recordings: nothing runs while a stream records, a replay reads what lies at the recorded addresses, and what CANN forbids meanwhile
/// spoils the recording.
struct RecordingTests {
    @Test("what is recorded runs at replays only, each time on what its memory holds then; its executors may be gone")
    func replays() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let stream = session.stream(), input = session.memory(64), output = session.memory(64)
            let host = session.pinned(64)
            let executor = session.silu(session.tensor([16], at: input), session.tensor([16], at: output))
            let before = standin_operators()
            session.begin(stream)
            ok(cann.aclrtMemcpyAsync(input, 64, host, 64, ACL_MEMCPY_HOST_TO_DEVICE, stream))
            ok(session.launch(executor, on: stream))
            var status = ACL_MODEL_RI_CAPTURE_STATUS_NONE
            var graph: aclmdlRI?
            ok(aclmdlRICaptureGetInfo(stream, &status, &graph))
            #expect(status == ACL_MODEL_RI_CAPTURE_STATUS_ACTIVE)
            graph = session.end(stream)
            ok(session.wait(stream))
            #expect(standin_operators() == before && session.download(16, from: output).allSatisfy { $0.isNaN })
            for value in [Float(0), 100] {
                for index in 0..<16 { host.storeBytes(of: value, toByteOffset: 4 * index, as: Float.self) }
                ok(cann.aclmdlRIExecuteAsync(graph, stream))
                ok(session.wait(stream))
                #expect(session.download(16, from: output) == [Float](repeating: value, count: 16))
            }
            #expect(standin_operators() == before + 2)
            ok(cann.aclmdlRIDestroy(graph))
        }
    }

    @Test(
        "waiting, asking, allocating, freeing and copying at once while a stream records are refused, 107041 or 107027, and so is the recording, 507903"
    )
    func forbidden() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let stream = session.stream(), other = session.stream(), block = session.memory(64), event = session.event()
            ok(cann.aclrtRecordEvent(event, other))
            var address: UnsafeMutableRawPointer?
            var status = ACL_STREAM_STATUS_COMPLETE, recorded = ACL_EVENT_RECORDED_STATUS_COMPLETE
            var bytes = [UInt8](repeating: 0, count: 64)
            let calls: [(Int32, () -> aclError)] = [
                (107027, { session.wait(stream) }), (107041, { session.wait(other) }), (107027, { aclrtStreamQuery(stream, &status) }),
                (107041, { cann.aclrtSynchronizeEventWithTimeout(event, 100) }), (107041, { aclrtQueryEventStatus(event, &recorded) }),
                (107041, { cann.aclrtMalloc(&address, 64, ACL_MEM_MALLOC_HUGE_FIRST) }), (107041, { cann.aclrtFree(block) }),
                (107041, { cann.aclrtMallocHost(&address, 64) }), (107041, { cann.aclrtMemcpy(&bytes, 64, block, 64, ACL_MEMCPY_DEVICE_TO_HOST) }),
                (107027, { cann.aclrtMemcpyAsync(block, 64, bytes, 64, ACL_MEMCPY_HOST_TO_DEVICE, stream) }),
            ]
            for (index, (code, call)) in calls.enumerated() {
                session.begin(stream)
                #expect(call() == code, "call \(index)")
                #expect(cann.aclrtMemsetAsync(block, 64, 0, 64, stream) == 507903, "call \(index)")
                var graph: aclmdlRI?
                #expect(cann.aclmdlRICaptureEnd(stream, &graph) == 507903 && graph == nil, "call \(index)")
                ok(session.wait(stream))
            }
        }
    }

    @Test("another thread's calls spoil a recording of the global mode, not one of the thread's own")
    func modes() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let stream = session.stream()
            for (mode, code) in [(ACL_MODEL_RI_CAPTURE_MODE_GLOBAL, Int32(507903)), (ACL_MODEL_RI_CAPTURE_MODE_THREAD_LOCAL, 0)] {
                ok(cann.aclmdlRICaptureBegin(stream, mode))
                onAnotherThread {
                    var address: UnsafeMutableRawPointer?
                    ok(cann.aclrtSetDevice(0))
                    _ = cann.aclrtMalloc(&address, 64, ACL_MEM_MALLOC_HUGE_FIRST)
                }
                var graph: aclmdlRI?
                #expect(cann.aclmdlRICaptureEnd(stream, &graph) == code)
                if let graph { ok(cann.aclmdlRIDestroy(graph)) }
            }
        }
    }

    @Test("the default stream records nothing; a stream records once at a time, and ends on its own thread")
    func ends() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            nonisolated(unsafe) let stream = session.stream()
            var graph: aclmdlRI?
            #expect(cann.aclmdlRICaptureBegin(nil, ACL_MODEL_RI_CAPTURE_MODE_THREAD_LOCAL) == 107000)
            #expect(cann.aclmdlRICaptureEnd(stream, &graph) == 107029)
            session.begin(stream)
            #expect(cann.aclmdlRICaptureBegin(stream, ACL_MODEL_RI_CAPTURE_MODE_THREAD_LOCAL) == 107027)
            #expect(cann.aclmdlRICaptureEnd(session.stream(), &graph) == 107029)
            onAnotherThread {
                var graph: aclmdlRI?
                ok(cann.aclrtSetDevice(0))
                if cann.aclmdlRICaptureEnd(stream, &graph) == 107038 { setenv("OTHER", "thread", 1) }
            }
            #expect(getenv("OTHER") != nil)
            ok(cann.aclmdlRIDestroy(session.end(stream)))
        }
        await #expect(processExitsWith: .success) {
            let session = Session(["SOC": "Ascend910A"])
            #expect(cann.aclmdlRICaptureBegin(session.stream(), ACL_MODEL_RI_CAPTURE_MODE_THREAD_LOCAL) == 207000)
        }
    }

    @Test("recordings take streams of the device: 207008 when there are none left, until one is destroyed")
    func streams() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["GRAPHS": "2"])
            let stream = session.stream()
            func record() -> aclmdlRI {
                session.begin(stream)
                return session.end(stream)
            }
            let graphs = [record(), record()]
            session.begin(stream)
            var graph: aclmdlRI?
            #expect(cann.aclmdlRICaptureEnd(stream, &graph) == 207008 && graph == nil)
            ok(cann.aclmdlRIDestroy(graphs[0]))
            ok(cann.aclmdlRIDestroy(record()))
        }
    }

    @Test("a recording's memory that is freed while the recording lives")
    func freed() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let stream = session.stream(), block = session.memory(64)
            session.begin(stream)
            ok(cann.aclrtMemsetAsync(block, 64, 1, 64, stream))
            _ = session.end(stream)
            _ = cann.aclrtFree(block)
        }
        expectRefusal(result, "that the recorded aclrtMemsetAsync uses: its recording is not destroyed")
    }

    @Test("a recording that is destroyed while a replay may run; one that is replayed after")
    func destroyed() async {
        let early = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let stream = session.stream(), block = session.memory(64)
            session.begin(stream)
            ok(cann.aclrtMemsetAsync(block, 64, 1, 64, stream))
            let graph = session.end(stream)
            ok(cann.aclmdlRIExecuteAsync(graph, stream))
            _ = cann.aclmdlRIDestroy(graph)
        }
        expectRefusal(early, "a replay may still run: nothing waited for it")
        let late = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let stream = session.stream()
            session.begin(stream)
            let graph = session.end(stream)
            ok(cann.aclmdlRIDestroy(graph))
            _ = cann.aclmdlRIExecuteAsync(graph, stream)
        }
        expectRefusal(late, "the recording")
    }

    @Test("a replay reads its inputs when it runs, however late: what the host overwrites before is lost")
    func late() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["STRESS": "5"])
            let stream = session.stream(), block = session.memory(4), host = session.pinned(4)
            session.begin(stream)
            ok(cann.aclrtMemcpyAsync(block, 4, host, 4, ACL_MEMCPY_HOST_TO_DEVICE, stream))
            let graph = session.end(stream)
            host.storeBytes(of: 1, as: Float.self)
            standin_hold(1)
            ok(cann.aclmdlRIExecuteAsync(graph, stream))
            host.storeBytes(of: 2, as: Float.self)
            standin_hold(0)
            ok(session.wait(stream))
            #expect(session.download(1, from: block) == [2])
            ok(cann.aclmdlRIDestroy(graph))
        }
    }
}

extension Session {
    fileprivate func begin(_ stream: aclrtStream) { ok(cann.aclmdlRICaptureBegin(stream, ACL_MODEL_RI_CAPTURE_MODE_THREAD_LOCAL)) }

    fileprivate func end(_ stream: aclrtStream) -> aclmdlRI {
        var graph: aclmdlRI?
        ok(cann.aclmdlRICaptureEnd(stream, &graph))
        return graph!
    }
}
