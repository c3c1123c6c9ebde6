import AscendStandIn
import CAscend
import Foundation
import Testing

/// Streams run later and in order; events tell of places in that order; errors come late.
struct StreamTests {
    @Test("tasks of a stream run in the order of the calls, whatever the delays")
    func order() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["STRESS": "11"])
            let stream = session.stream(), host = session.pinned(4), block = session.memory(4)
            for value in 0..<20 { ok(cann.aclrtMemsetAsync(block, 4, Int32(value), 4, stream)) }
            ok(cann.aclrtMemcpyAsync(host, 4, block, 4, ACL_MEMCPY_DEVICE_TO_HOST, stream))
            ok(session.wait(stream))
            #expect(host.load(as: UInt32.self) == 0x1313_1313)
        }
    }

    @Test("a stream's query says NOT_READY until its tasks ended; a stream's 0 is COMPLETE, an event's 0 is NOT_READY")
    func query() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let stream = session.stream(), event = session.event(), block = session.memory(4)
            var recorded = ACL_EVENT_RECORDED_STATUS_NOT_READY, status = ACL_STREAM_STATUS_NOT_READY
            ok(aclrtQueryEventStatus(event, &recorded))
            #expect(recorded == ACL_EVENT_RECORDED_STATUS_COMPLETE, "an event that was never recorded is complete")
            standin_hold(1)
            ok(cann.aclrtMemsetAsync(block, 4, 0, 4, stream))
            ok(cann.aclrtRecordEvent(event, stream))
            ok(aclrtStreamQuery(stream, &status))
            ok(aclrtQueryEventStatus(event, &recorded))
            #expect(status.rawValue == 1)
            #expect(recorded.rawValue == 0)
            standin_hold(0)
            ok(session.wait(stream))
            ok(aclrtStreamQuery(stream, &status))
            ok(aclrtQueryEventStatus(event, &recorded))
            #expect(status.rawValue == 0)
            #expect(recorded.rawValue == 1)
        }
    }

    @Test("a wait ends with its timeout, 507046 for a stream and 507047 for an event; a timeout of 0 is none")
    func timeouts() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["FAULT": "stuck@1"])
            let stream = session.stream(), event = session.event()
            ok(session.launch(session.silu(session.tensor([16]), session.tensor([16])), on: stream))
            ok(cann.aclrtRecordEvent(event, stream))
            #expect(session.wait(stream, milliseconds: 20) == 507046)
            #expect(cann.aclrtSynchronizeEventWithTimeout(event, 20) == 507047)
            #expect(session.wait(stream, milliseconds: 0) == 107000)
            ok(aclFinalize())
        }
    }

    @Test("a stream that waits for another's event comes after all before it")
    func waits() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["STRESS": "3"])
            let first = session.stream(), second = session.stream(), event = session.event(), block = session.memory(4), host = session.pinned(4)
            ok(cann.aclrtMemsetAsync(block, 4, 1, 4, first))
            ok(cann.aclrtRecordEvent(event, first))
            ok(aclrtStreamWaitEvent(second, event))
            ok(cann.aclrtMemcpyAsync(host, 4, block, 4, ACL_MEMCPY_DEVICE_TO_HOST, second))
            ok(session.wait(second))
            #expect(host.load(as: UInt32.self) == 0x0101_0101)
            ok(cann.aclrtFree(block))
        }
    }

    @Test("two streams that use the same bytes without an event between them")
    func race() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let block = session.memory(4)
            ok(cann.aclrtMemsetAsync(block, 4, 1, 4, session.stream()))
            _ = cann.aclrtMemcpyAsync(session.pinned(4), 4, block, 4, ACL_MEMCPY_DEVICE_TO_HOST, session.stream())
        }
        expectRefusal(result, "may still write: nothing waited for it")
    }

    @Test("time between events needs TIME_LINE, 107006, and that both were recorded, 107007")
    func elapsed() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let stream = session.stream(), plain = session.event()
            let start = session.event(ACL_EVENT_TIME_LINE), end = session.event(ACL_EVENT_TIME_LINE)
            var milliseconds: Float = -1
            #expect(aclrtEventElapsedTime(&milliseconds, start, plain) == 107006)
            #expect(aclrtEventElapsedTime(&milliseconds, start, end) == 107007)
            for event in [start, end] { ok(cann.aclrtRecordEvent(event, stream)) }
            ok(session.wait(stream))
            ok(aclrtEventElapsedTime(&milliseconds, start, end))
            #expect(milliseconds >= 0)
        }
    }

    @Test("an operator's failure comes with a later call; a stream that stops on failure goes on telling it and runs nothing more")
    func stops() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["FAULT": "kernel@1:507015"])
            let stream = session.stream(), block = session.memory(64), output = session.memory(64)
            session.upload([Float](repeating: 1, count: 16), to: block)
            ok(session.launch(session.silu(session.tensor([16], at: block), session.tensor([16], at: output)), on: stream))
            #expect(session.wait(stream) == 507015)
            #expect(message().contains("507015"))
            #expect(session.wait(stream) == 507015)
            #expect(session.download(16, from: output).allSatisfy { $0.isNaN })
        }
    }

    @Test("behind a failed kernel copies are dropped and events pass; a call that queues tells, and behind it nothing more may be queued")
    func dropped() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session(["FAULT": "kernel@1:507015"])
            let stream = session.stream(), event = session.event(ACL_EVENT_CAPTURE_STREAM_PROGRESS)
            let block = session.memory(64), host = session.pinned(4)
            session.upload([1], to: block)
            host.storeBytes(of: 42, as: Int32.self)
            standin_hold(1)
            ok(session.launch(session.silu(session.tensor([16], at: block), session.tensor([16])), on: stream))
            ok(cann.aclrtMemcpyAsync(host, 4, block, 4, ACL_MEMCPY_DEVICE_TO_HOST, stream))
            ok(cann.aclrtRecordEvent(event, stream))
            standin_hold(0)
            var status = ACL_EVENT_RECORDED_STATUS_NOT_READY
            guard cann.aclrtSynchronizeEventWithTimeout(event, -1) == 0, aclrtQueryEventStatus(event, &status) == 0 else { exit(2) }
            guard status == ACL_EVENT_RECORDED_STATUS_COMPLETE, host.load(as: Int32.self) == 42 else { exit(3) }
            guard cann.aclrtMemsetAsync(block, 4, 0, 4, stream) == 507015, session.wait(stream) == 507015 else { exit(4) }
            _ = cann.aclrtMemsetAsync(block, 4, 0, 4, stream)
        }
        expectRefusal(result, "which stopped with 507015 and told so")
    }

    @Test("a stream that stops on failure stops the others of its context")
    func stopsAll() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["FAULT": "kernel@1:507015"])
            let failing = session.stream(), other = session.stream(stopping: false), block = session.memory(64), output = session.memory(64)
            session.upload([Float](repeating: 0, count: 16), to: block)
            ok(session.launch(session.silu(session.tensor([16], at: block), session.tensor([16], at: output)), on: failing))
            #expect(session.wait(failing) == 507015)
            #expect(session.launch(session.silu(session.tensor([16], at: block), session.tensor([16], at: output)), on: other) == 507015)
            #expect(session.wait(other) == 507015)
            #expect(session.download(16, from: output).allSatisfy { $0.isNaN })
        }
    }

    @Test(
        "each event of ACL_EVENT_SYNC takes one of the card's hardware events when it is recorded, until it is destroyed; CAPTURE_STREAM_PROGRESS takes none"
    )
    func hardwareEvents() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session(["EVENTS": "2"])
            let stream = session.stream(), first = session.event()
            for _ in 0..<8 { ok(cann.aclrtRecordEvent(session.event(ACL_EVENT_CAPTURE_STREAM_PROGRESS), stream)) }
            guard standin_events(0) == 0 else { exit(2) }
            for _ in 0..<3 { ok(cann.aclrtRecordEvent(first, stream)) }
            ok(cann.aclrtRecordEvent(session.event(), stream))
            ok(cann.aclrtDestroyEvent(first))
            ok(cann.aclrtRecordEvent(session.event(), stream))
            guard standin_events(0) == 2 else { exit(3) }
            _ = cann.aclrtRecordEvent(session.event(), stream)
        }
        expectRefusal(result, "2 events of ACL_EVENT_SYNC hold all of device 0")
    }

    @Test("an event of CAPTURE_STREAM_PROGRESS is for the host: no stream may wait for it, 107000")
    func hostEvents() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let event = session.event(ACL_EVENT_CAPTURE_STREAM_PROGRESS)
            ok(cann.aclrtRecordEvent(event, session.stream()))
            #expect(aclrtStreamWaitEvent(session.stream(), event) == 107000)
            ok(cann.aclrtSynchronizeEventWithTimeout(event, -1))
        }
    }

    @Test("a stream's failure mode set a second time")
    func modeTwice() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            _ = cann.aclrtSetStreamFailureMode(Session().stream(), UInt64(ACL_STOP_ON_FAILURE))
        }
        expectRefusal(result, "is set a second time")
    }

    @Test("a stream that continues on failure tells it once and runs what follows")
    func continues() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["FAULT": "kernel@1:507035"])
            let stream = session.stream(stopping: false), block = session.memory(64), output = session.memory(64)
            session.upload([Float](repeating: 0, count: 16), to: block)
            for _ in 0..<2 { ok(session.launch(session.silu(session.tensor([16], at: block), session.tensor([16], at: output)), on: stream)) }
            #expect(session.wait(stream) == 507035)
            #expect(session.wait(stream) == 0)
            #expect(session.download(16, from: output) == [Float](repeating: 0, count: 16))
        }
    }

    @Test("an operator's own fault, a row that an embedding doesn't have, comes late")
    func ownFault() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let stream = session.stream(), rows = session.memory(4)
            var row: Int32 = 4
            ok(cann.aclrtMemcpy(rows, 4, &row, 4, ACL_MEMCPY_HOST_TO_DEVICE))
            let indices = cann.aclCreateTensor([1], 1, ACL_INT32, nil, 0, ACL_FORMAT_ND, [1], 1, rows)
            var size: UInt64 = 0
            var executor: OpaquePointer?
            ok(cann.aclnnEmbeddingGetWorkspaceSize(session.tensor([4, 8]), indices, session.tensor([1, 8]), &size, &executor))
            ok(cann.aclnnEmbedding(nil, 0, executor, stream))
            #expect(session.wait(stream) == 507035)
        }
    }

    @Test("a lost device fails every call from then on and is ABNORMAL; its memory may be freed without waiting")
    func lost() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["FAULT": "lost@2:507010"])
            let stream = session.stream(), block = session.memory(64)
            for _ in 0..<2 { ok(session.launch(session.silu(session.tensor([16], at: block), session.tensor([16])), on: stream)) }
            #expect(session.wait(stream) == 507010)
            var address: UnsafeMutableRawPointer?
            #expect(cann.aclrtMalloc(&address, 64, ACL_MEM_MALLOC_HUGE_FIRST) == 507010)
            var status = ACL_DEVICE_STATUS_NORMAL
            ok(aclrtQueryDeviceStatus(0, &status))
            #expect(status == ACL_DEVICE_STATUS_ABNORMAL)
            #expect(cann.aclrtFree(block) == 0)
        }
    }

    @Test("the n-th allocation fails once, or from then on")
    func outOfMemory() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["FAULT": "oom@2"])
            var address: UnsafeMutableRawPointer?
            _ = session.memory(64)
            #expect(cann.aclrtMalloc(&address, 64, ACL_MEM_MALLOC_HUGE_FIRST) == 207001)
            #expect(cann.aclrtMalloc(&address, 64, ACL_MEM_MALLOC_HUGE_FIRST) == 0)
        }
        await #expect(processExitsWith: .success) {
            let session = Session(["FAULT": "oom@2-"])
            var address: UnsafeMutableRawPointer?
            _ = session.memory(64)
            for _ in 0..<3 { #expect(cann.aclrtMalloc(&address, 64, ACL_MEM_MALLOC_HUGE_FIRST) == 207001) }
        }
    }

    @Test("streams are limited: 207005, until one is destroyed")
    func limit() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let streams = (0..<64).map { _ in session.stream() }
            var one: aclrtStream?
            #expect(cann.aclrtCreateStreamWithConfig(&one, 0, UInt32(ACL_STREAM_FAST_LAUNCH)) == 207005)
            ok(cann.aclrtDestroyStream(streams[7]))
            ok(cann.aclrtCreateStreamWithConfig(&one, 0, UInt32(ACL_STREAM_FAST_LAUNCH)))
        }
    }

    @Test("a stream's destruction waits for what it was given")
    func destruction() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["STRESS": "9"])
            let stream = session.stream(), block = session.memory(4)
            for _ in 0..<5 { ok(cann.aclrtMemsetAsync(block, 4, 1, 4, stream)) }
            ok(cann.aclrtDestroyStream(stream))
            #expect(standin_peek(block)!.load(as: UInt32.self) == 0x0101_0101)
            ok(cann.aclrtFree(block))
        }
    }

    @Test("the last message is the thread's own and is gone once read")
    func messages() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            #expect(cann.aclrtMalloc(nil, 8, ACL_MEM_MALLOC_HUGE_FIRST) == 100000)
            onAnotherThread { if cann.aclGetRecentErrMsg() == nil { setenv("OTHER", "nothing", 1) } }
            #expect(getenv("OTHER") != nil)
            #expect(message().contains("devPtr is NULL (100000)"))
            #expect(message() == "")
            _ = session
        }
    }

    @Test("a stream after its destruction; an event after its; a stream in an event's place")
    func handles() async {
        let stream = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let stream = session.stream()
            ok(cann.aclrtDestroyStream(stream))
            _ = session.wait(stream)
        }
        expectRefusal(stream, "which was destroyed")
        let event = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let event = session.event()
            ok(cann.aclrtDestroyEvent(event))
            _ = cann.aclrtDestroyEvent(event)
        }
        expectRefusal(event, "aclrtDestroyEvent was given the event")
        let swapped = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            _ = cann.aclrtRecordEvent(session.stream(), session.stream())
        }
        expectRefusal(swapped, "in place of the event")
    }
}
