import AscendStandIn
import CAscend
import Foundation
import Testing

/// Memory: what the host can't touch, how much there is, and what may still be in use.
struct MemoryTests {
    @Test("a device's address can't be read by the host")
    func dereference() async {
        await #expect(processExitsWith: .signal(SIGSEGV)) {
            let session = Session()
            exit(Int32(session.memory(64).load(as: UInt8.self)))
        }
    }

    @Test("a device's address can't be written by the host")
    func write() async {
        await #expect(processExitsWith: .signal(SIGSEGV)) {
            let session = Session()
            session.memory(64).storeBytes(of: 1, as: UInt8.self)
        }
    }

    @Test("new memory, of the device and pinned, reads as NaN")
    func poison() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let values = session.download(1000, from: session.memory(4000))
            #expect(values.allSatisfy { $0.isNaN })
            #expect(session.pinned(16).load(as: UInt32.self) == 0xFFFF_FFFF)
        }
    }

    @Test("a block begins at 64 bytes, and what it holds is rounded as CANN rounds")
    func alignment() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            #expect(Int(bitPattern: session.memory(100)) % 64 == 0)
            #expect(standin_allocated(0) == 4096)
            _ = session.memory((1 << 20) + 1)
            #expect(standin_allocated(0) == 4096 + 2 << 20)
        }
    }

    @Test("no bytes, no place for the address: 100000")
    func nothing() async {
        await #expect(processExitsWith: .success) {
            _ = Session()
            var address: UnsafeMutableRawPointer?
            #expect(cann.aclrtMalloc(&address, 0, ACL_MEM_MALLOC_HUGE_FIRST) == 100000)
            #expect(cann.aclrtMalloc(nil, 8, ACL_MEM_MALLOC_HUGE_FIRST) == 100000)
            #expect(cann.aclrtFree(nil) == 100000)
            #expect(cann.aclrtFreeHost(nil) == 100000)
        }
    }

    @Test("a device's capacity bounds it: 207001, and what is freed may be taken again")
    func capacity() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["MEMORY": "\(8 << 20)"])
            var free = 0, total = 0
            let first = session.memory(4 << 20)
            ok(cann.aclrtGetMemInfo(ACL_HBM_MEM, &free, &total))
            #expect(total == 8 << 20)
            #expect(free == 2 << 20)
            var second: UnsafeMutableRawPointer?
            #expect(cann.aclrtMalloc(&second, 4 << 20, ACL_MEM_MALLOC_HUGE_FIRST) == 207001)
            #expect(message().contains("no room for 4194304 bytes"))
            ok(cann.aclrtFree(first))
            ok(cann.aclrtMalloc(&second, 4 << 20, ACL_MEM_MALLOC_HUGE_FIRST))
        }
    }

    @Test("a block freed twice")
    func doubleFree() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let block = session.memory(64)
            ok(cann.aclrtFree(block))
            _ = cann.aclrtFree(block)
        }
        expectRefusal(result, "in a freed block of 64 bytes")
    }

    @Test("a free of what is inside a block, of the host's memory, of nothing's")
    func wrongFree() async {
        let inside = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            _ = cann.aclrtFree(session.memory(64) + 32)
        }
        expectRefusal(inside, "32 bytes behind the start of its block")
        let pageable = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            _ = Session()
            _ = cann.aclrtFree(UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64))
        }
        expectRefusal(pageable, "which is no device memory")
        let pinned = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            _ = cann.aclrtFree(session.pinned(64))
        }
        expectRefusal(pinned, "which is no device memory")
    }

    @Test("a byte written behind the 32 that a block keeps after its end, or before its start, is found when it is freed")
    func guards() async {
        let behind = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let block = session.memory(100)
            UnsafeMutableRawPointer(mutating: standin_peek(block)!).storeBytes(of: 1, toByteOffset: 128 + 32, as: UInt8.self)
            _ = cann.aclrtFree(block)
        }
        expectRefusal(behind, "the guard 160 bytes behind the start of a block of 100 was written")
        let before = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let block = session.memory(100)
            UnsafeMutableRawPointer(mutating: standin_peek(block)!).storeBytes(of: 1, toByteOffset: -1, as: UInt8.self)
            _ = cann.aclrtFree(block)
        }
        expectRefusal(before, "the guard before a block of 100 bytes was written")
    }

    @Test("an operator's output is followed by its guard, too")
    func guardOfOutput() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let block = session.memory(64), stream = session.stream()
            UnsafeMutableRawPointer(mutating: standin_peek(block)!).storeBytes(of: 1, toByteOffset: 96, as: UInt8.self)
            ok(session.launch(session.silu(session.tensor([16]), session.tensor([16], at: block)), on: stream))
            _ = session.wait(stream)
        }
        expectRefusal(result, "aclnnSilu: the guard 96 bytes behind the start of a block of 64 was written")
    }

    @Test("a block freed while queued work reads it, though the stream was idle by then")
    func freeInUse() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let block = session.memory(4), output = session.memory(4)
            session.upload([100], to: block)
            ok(session.launch(session.silu(session.tensor([1], at: block), session.tensor([1], at: output)), on: session.stream()))
            while standin_peek(output)!.load(as: Float.self) != 100 { usleep(1000) }
            _ = cann.aclrtFree(block)
        }
        expectRefusal(result, "may still read: nothing waited for it")
    }

    @Test("a block may be freed once a stream, or an event behind its last use, was waited for")
    func freeAfterWait() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let stream = session.stream(), event = session.event(), first = session.memory(64), second = session.memory(64)
            ok(session.launch(session.silu(session.tensor([16], at: first), session.tensor([16], at: second)), on: stream))
            ok(cann.aclrtRecordEvent(event, stream))
            ok(cann.aclrtSynchronizeEventWithTimeout(event, -1))
            ok(cann.aclrtFree(first))
            ok(session.wait(stream))
            ok(cann.aclrtFree(second))
        }
    }

    @Test("pinned memory freed before its copy ended")
    func freePinnedInUse() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let source = session.pinned(64)
            ok(cann.aclrtMemcpyAsync(session.memory(64), 64, source, 64, ACL_MEMCPY_HOST_TO_DEVICE, session.stream()))
            _ = cann.aclrtFreeHost(source)
        }
        expectRefusal(result, "aclrtFreeHost takes 64 bytes")
    }

    @Test("memory asked for on a chip by the wrong name: 107000")
    func attribute() async {
        await #expect(processExitsWith: .success) {
            _ = Session(["SOC": "Ascend310P3"])
            var free = 0, total = 0
            #expect(cann.aclrtGetMemInfo(ACL_HBM_MEM, &free, &total) == 107000)
            ok(cann.aclrtGetMemInfo(ACL_DDR_MEM, &free, &total))
            #expect(total == (44280 - 2437) << 20)
        }
    }
}
