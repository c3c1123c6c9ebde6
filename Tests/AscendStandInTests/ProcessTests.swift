import AscendStandIn
import CAscend
import Foundation
import Testing

/// The order of start and end, devices, and the context that every thread has of its own.
struct ProcessTests {
    @Test("before aclInit every call is 100001; a second one is 100002; after aclFinalize a second one is 100037")
    func initialise() async {
        await #expect(processExitsWith: .success) {
            var count: UInt32 = 0
            #expect(cann.aclrtGetDeviceCount(&count) == 100001)
            #expect(cann.aclrtSetDevice(0) == 100001)
            #expect(cann.aclrtGetSocName() == nil)
            #expect(cann.aclInit(nil) == 0)
            #expect(cann.aclInit(nil) == 100002)
            #expect(aclFinalize() == 0)
            #expect(aclFinalize() == 100037)
            #expect(cann.aclrtSetDevice(0) == 100001)
        }
    }

    @Test("each chip by its name")
    func chips() async {
        await #expect(processExitsWith: .success) {
            for name in ["Ascend910B3", "Ascend910B4-1", "Ascend910_9391", "Ascend310P3", "Ascend910A"] {
                _ = Session(["SOC": name], device: nil)
                #expect(String(cString: cann.aclrtGetSocName()!) == name)
                ok(aclFinalize())
            }
        }
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) { _ = Session(["SOC": "Ascend910B9"]) }
        expectRefusal(result, "STANDIN_SOC is \"Ascend910B9\"")
    }

    @Test("a device that isn't there is 107001")
    func missingDevice() async {
        await #expect(processExitsWith: .success) {
            _ = Session(["DEVICES": "2"], device: nil)
            #expect(cann.aclrtSetDevice(2) == 107001)
            #expect(cann.aclrtSetDevice(-1) == 107001)
            #expect(aclrtResetDevice(1) == 107001)
        }
    }

    @Test(
        "ASCEND_RT_VISIBLE_DEVICES: ascending, each once, read up to the first that is none; else 207004",
        arguments: [
            ("0,2", 2), ("3", 1), ("1,2,x,3", 2), ("1,9", 1), ("2,1", 0), ("1,1", 0), ("x", 0), ("", 0),
        ])
    func visible(_ list: String, _ expected: Int) async {
        await #expect(processExitsWith: .success) { [list, expected] in
            _ = Session(["DEVICES": "4", "ASCEND_RT_VISIBLE_DEVICES": list], device: nil)
            var count: UInt32 = 99
            #expect(cann.aclrtGetDeviceCount(&count) == (expected == 0 ? 207004 : 0))
            #expect(count == expected)
            #expect(cann.aclrtSetDevice(Int32(expected)) == 107001)
        }
    }

    @Test("no devices: 207004 and 107001")
    func none() async {
        await #expect(processExitsWith: .success) {
            _ = Session(["DEVICES": "0"], device: nil)
            var count: UInt32 = 0
            #expect(cann.aclrtGetDeviceCount(&count) == 207004)
            #expect(cann.aclrtSetDevice(0) == 107001)
        }
    }

    @Test("a thread without a context gets 107002, and a context of its own by aclrtSetCurrentContext")
    func contextOfThread() async {
        await #expect(processExitsWith: .success) {
            _ = Session(device: nil)
            var address: UnsafeMutableRawPointer?
            #expect(cann.aclrtMalloc(&address, 64, ACL_MEM_MALLOC_HUGE_FIRST) == 107002)
            ok(cann.aclrtSetDevice(0))
            var context: aclrtContext?
            ok(cann.aclrtGetCurrentContext(&context))
            let shared = UInt(bitPattern: context!)
            onAnotherThread {
                var address: UnsafeMutableRawPointer?
                guard cann.aclrtMalloc(&address, 64, ACL_MEM_MALLOC_HUGE_FIRST) == 107002 else { exit(2) }
                guard cann.aclrtSetCurrentContext(aclrtContext(bitPattern: shared)) == 0 else { exit(3) }
                guard cann.aclrtMalloc(&address, 64, ACL_MEM_MALLOC_HUGE_FIRST) == 0 else { exit(4) }
            }
        }
    }

    @Test("a stream of another device than the thread's is 107003, in a launch 361001; so is an event")
    func foreignStream() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["DEVICES": "2"])
            let stream = session.stream(), event = session.event(), host = session.pinned(64)
            ok(cann.aclrtSetDevice(1))
            #expect(session.wait(stream) == 107003)
            #expect(cann.aclrtMemcpyAsync(session.memory(64), 64, host, 64, ACL_MEMCPY_HOST_TO_DEVICE, stream) == 107003)
            #expect(cann.aclrtRecordEvent(event, session.stream()) == 107003)
            #expect(session.launch(session.silu(session.tensor([16]), session.tensor([16])), on: stream) == 361001)
        }
    }

    @Test("a stream may wait for another device's event")
    func foreignEvent() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["DEVICES": "2", "STRESS": "2"])
            let first = session.stream(), event = session.event(), block = session.memory(4)
            ok(cann.aclrtMemsetAsync(block, 4, 1, 4, first))
            ok(cann.aclrtRecordEvent(event, first))
            ok(cann.aclrtSetDevice(1))
            let second = session.stream()
            ok(aclrtStreamWaitEvent(second, event))
            ok(session.wait(second))
            #expect(standin_peek(block)!.load(as: UInt32.self) == 0x0101_0101)
        }
    }

    @Test("a tensor in another device's memory")
    func foreignMemory() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session(["DEVICES": "2"])
            let tensor = session.tensor([16])
            ok(cann.aclrtSetDevice(1))
            _ = session.silu(tensor, session.tensor([16]))
        }
        expectRefusal(result, "which is memory of device 0, in place of memory of device 1")
    }

    @Test("devices are counted: the last aclrtResetDevice takes the context away, and a context that is gone is 107002")
    func counted() async {
        await #expect(processExitsWith: .success) {
            _ = Session()
            ok(cann.aclrtSetDevice(0))
            ok(aclrtResetDevice(0))
            var context: aclrtContext?
            #expect(cann.aclrtGetCurrentContext(&context) == 0)
            ok(aclrtResetDevice(0))
            #expect(cann.aclrtGetCurrentContext(&context) == 107002)
        }
    }

    @Test("a device reset while one of its streams lives")
    func resetTooEarly() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            _ = session.stream()
            _ = aclrtResetDevice(0)
        }
        expectRefusal(result, "a stream of device 0 is not destroyed")
    }

    @Test("aclFinalize tells what was not given back, and ends the process where that is asked for")
    func leaks() async {
        let told = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            let session = Session()
            _ = session.stream()
            _ = session.silu(session.tensor([16]), session.tensor([16]))
            ok(aclFinalize())
        }
        for line in [
            "1 stream is not destroyed", "2 tensors are not destroyed", "1 executor is not destroyed",
            "a block of 64 bytes of the memory of device 0 is not freed",
        ] {
            expectRefusal(told, line)
        }
        let ended = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session(["LEAKS": "abort"])
            _ = session.memory(64)
            _ = aclFinalize()
        }
        expectRefusal(ended, "1 leaks")
        await #expect(processExitsWith: .success) {
            let session = Session(["LEAKS": "abort"])
            let stream = session.stream(), block = session.memory(64), tensor = session.tensor([16], at: block)
            ok(session.launch(session.silu(tensor, tensor), on: stream))
            ok(session.wait(stream))
            ok(cann.aclDestroyTensor(tensor))
            ok(cann.aclrtFree(block))
            ok(cann.aclrtDestroyStream(stream))
            ok(aclrtResetDevice(0))
            ok(aclFinalize())
        }
    }

    @Test("a configured slow start makes the first aclrtSetDevice take two seconds, and no other")
    func slowStart() async {
        await #expect(processExitsWith: .success) {
            _ = Session(["FAULT": "slow-set-device"], device: nil)
            let clock = ContinuousClock()
            #expect(clock.measure { ok(cann.aclrtSetDevice(0)) } >= .seconds(2))
            #expect(clock.measure { ok(cann.aclrtSetDevice(0)) } < .seconds(2))
        }
    }

    @Test("a fault that isn't one")
    func unknownFault() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) { _ = Session(["FAULT": "kernel@x"]) }
        expectRefusal(result, "STANDIN_FAULT has \"kernel@x\"")
    }

    @Test("calls and operators are counted")
    func counts() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let stream = session.stream(), input = session.tensor([16]), output = session.tensor([16])
            let calls = standin_calls()
            ok(session.launch(session.silu(input, output), on: stream))
            #expect(standin_calls() - calls == 2, "phase 1 and phase 2")
            #expect(standin_operators() == 1)
        }
    }
}
