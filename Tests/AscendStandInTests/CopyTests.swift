import AscendStandIn
import CAscend
import Foundation
import Testing

/// Copies: directions, sizes, what waits and what doesn't.
struct CopyTests {
    @Test("bytes go to the device, over it and back")
    func roundTrip() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let first = session.memory(4000), second = session.memory(4000)
            let values = (0..<1000).map(Float.init)
            session.upload(values, to: first)
            ok(cann.aclrtMemcpy(second, 4000, first, 4000, ACL_MEMCPY_DEVICE_TO_DEVICE))
            #expect(session.download(1000, from: second) == values)
            #expect(standin_peek(second + 40)!.load(as: Float.self) == 10)
        }
    }

    @Test("NULL is 100000; more than destMax, or no direction, is 107000; nothing to copy is done at once")
    func arguments() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let block = session.memory(64), host = session.pinned(64)
            #expect(cann.aclrtMemcpy(nil, 64, host, 64, ACL_MEMCPY_HOST_TO_DEVICE) == 100000)
            #expect(cann.aclrtMemcpy(block, 64, nil, 64, ACL_MEMCPY_HOST_TO_DEVICE) == 100000)
            #expect(cann.aclrtMemcpy(block, 32, host, 64, ACL_MEMCPY_HOST_TO_DEVICE) == 107000)
            #expect(message().contains("count 64, destMax 32"))
            #expect(cann.aclrtMemcpy(block, 64, host, 64, aclrtMemcpyKind(rawValue: 9)) == 107000)
            #expect(cann.aclrtMemcpy(block, 64, host, 0, ACL_MEMCPY_HOST_TO_DEVICE) == 0)
            #expect(cann.aclrtMemcpyAsync(host, 64, host, 64, ACL_MEMCPY_HOST_TO_HOST, session.stream()) == 207000)
            #expect(cann.aclrtMemsetAsync(block, 32, 0, 64, session.stream()) == 107000)
        }
    }

    @Test(
        "a direction that isn't the pointers'",
        arguments: [ACL_MEMCPY_HOST_TO_HOST.rawValue, ACL_MEMCPY_DEVICE_TO_HOST.rawValue, ACL_MEMCPY_DEVICE_TO_DEVICE.rawValue])
    func direction(_ kind: UInt32) async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) { [kind] in
            let session = Session()
            _ = cann.aclrtMemcpy(session.memory(64), 64, session.pinned(64), 64, aclrtMemcpyKind(rawValue: kind))
        }
        expectRefusal(result, "in place of")
    }

    @Test("a destMax, and a source, that reach beyond their blocks")
    func bounds() async {
        let destination = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            _ = cann.aclrtMemcpy(session.memory(64) + 32, 64, session.pinned(64), 16, ACL_MEMCPY_HOST_TO_DEVICE)
        }
        expectRefusal(destination, "aclrtMemcpy (dst) takes 64 bytes from byte 32 of a block of 64")
        let source = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            _ = cann.aclrtMemcpy(session.pinned(128), 128, session.memory(64), 128, ACL_MEMCPY_DEVICE_TO_HOST)
        }
        expectRefusal(source, "aclrtMemcpy (src) takes 128 bytes from byte 0 of a block of 64")
    }

    @Test("a copy with freed memory")
    func freed() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let block = session.memory(64)
            ok(cann.aclrtFree(block))
            session.upload([1], to: block)
        }
        expectRefusal(result, "in a freed block")
    }

    @Test("a copy to pinned memory returns at once; until it is waited for, the memory holds poison")
    func early() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let stream = session.stream(), block = session.memory(4), host = session.pinned(4)
            session.upload([7], to: block)
            host.storeBytes(of: 3, as: Float.self)
            standin_hold(1)
            ok(cann.aclrtMemcpyAsync(host, 4, block, 4, ACL_MEMCPY_DEVICE_TO_HOST, stream))
            #expect(host.load(as: Float.self).isNaN)
            standin_hold(0)
            ok(session.wait(stream))
            #expect(host.load(as: Float.self) == 7)
        }
    }

    @Test("a copy from pinned memory takes what is there when it runs")
    func late() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let stream = session.stream(), block = session.memory(4), host = session.pinned(4)
            host.storeBytes(of: 3, as: Float.self)
            standin_hold(1)
            ok(cann.aclrtMemcpyAsync(block, 4, host, 4, ACL_MEMCPY_HOST_TO_DEVICE, stream))
            host.storeBytes(of: 4, as: Float.self)
            standin_hold(0)
            ok(session.wait(stream))
            #expect(session.download(1, from: block) == [4])
        }
    }

    @Test("a copy with pageable memory waits for itself")
    func pageable() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["STRESS": "5"])
            let stream = session.stream(), block = session.memory(4)
            var value: Float = 5
            ok(cann.aclrtMemcpyAsync(block, 4, &value, 4, ACL_MEMCPY_HOST_TO_DEVICE, stream))
            value = 0
            ok(cann.aclrtMemcpyAsync(&value, 4, block, 4, ACL_MEMCPY_DEVICE_TO_HOST, stream))
            #expect(value == 5)
            ok(cann.aclrtFree(block))
        }
    }

    @Test("memory read by the host while a queued operator writes it")
    func readTooEarly() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let output = session.memory(64)
            ok(session.launch(session.silu(session.tensor([16]), session.tensor([16], at: output)), on: session.stream()))
            _ = session.download(16, from: output)
        }
        expectRefusal(result, "may still write: nothing waited for it")
    }

    @Test("memory written by the host while a queued operator reads it")
    func writeTooEarly() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let input = session.memory(64)
            ok(session.launch(session.silu(session.tensor([16], at: input), session.tensor([16])), on: session.stream()))
            session.upload([1], to: input)
        }
        expectRefusal(result, "may still read: nothing waited for it")
    }

    @Test("bytes are filled in stream order")
    func fill() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let stream = session.stream(), block = session.memory(64)
            ok(cann.aclrtMemsetAsync(block, 64, 0, 64, stream))
            ok(session.wait(stream))
            #expect(session.download(16, from: block) == [Float](repeating: 0, count: 16))
        }
    }
}
