import AscendStandIn
import CAscend
import Foundation
import Testing

/// Descriptors: what a tensor may say of memory, and who owns it.
struct TensorTests {
    @Test("more than eight dims, or a negative one, make no tensor")
    func dims() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let block = session.memory(64)
            #expect(cann.aclCreateTensor([Int64](repeating: 1, count: 9), 9, ACL_FLOAT, nil, 0, ACL_FORMAT_ND, [1], 1, block) == nil)
            #expect(message().contains("9 dims"))
            #expect(cann.aclCreateTensor([-1], 1, ACL_FLOAT, nil, 0, ACL_FORMAT_ND, [1], 1, block) == nil)
            #expect(cann.aclCreateScalar(nil, ACL_FLOAT) == nil)
        }
    }

    @Test("a view that reaches beyond its storage")
    func storage() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            _ = cann.aclCreateTensor([4, 4], 2, ACL_FLOAT, [5, 1], 0, ACL_FORMAT_ND, [16], 1, session.memory(128))
        }
        expectRefusal(result, "the view [4, 4] at 0 reaches element 19 of a storage of 16")
    }

    @Test("a tensor that reaches beyond its memory")
    func memory() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            _ = session.silu(session.tensor([16], at: session.memory(60)), session.tensor([16]))
        }
        expectRefusal(result, "takes 64 bytes from byte 0 of a block of 60")
    }

    @Test("a tensor in the host's memory")
    func host() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            _ = session.silu(session.tensor([16], at: .allocate(byteCount: 64, alignment: 64)), session.tensor([16]))
        }
        expectRefusal(result, "which is pageable host memory")
    }

    @Test("a base that isn't aligned to 32 bytes; an offset may be anything")
    func alignment() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            _ = session.silu(session.tensor([4], at: session.memory(64) + 4), session.tensor([4]))
        }
        expectRefusal(result, "is not aligned to 32 bytes")
        await #expect(processExitsWith: .success) {
            let session = Session()
            let block = session.memory(64), stream = session.stream(), output = session.memory(4)
            session.upload([0, 100], to: block)
            let view = cann.aclCreateTensor([1], 1, ACL_FLOAT, nil, 1, ACL_FORMAT_ND, [16], 1, block)!
            ok(session.launch(session.silu(view, session.tensor([1], at: output)), on: stream))
            ok(session.wait(stream))
            #expect(session.download(1, from: output) == [100])
        }
    }

    @Test("a tensor destroyed twice, used after its destruction, never made, a scalar in its place")
    func handles() async {
        let twice = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let tensor = Session().tensor([16])
            ok(cann.aclDestroyTensor(tensor))
            _ = cann.aclDestroyTensor(tensor)
        }
        expectRefusal(twice, "aclDestroyTensor was given the tensor")
        let after = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session(), tensor = session.tensor([16])
            ok(cann.aclDestroyTensor(tensor))
            _ = session.silu(tensor, session.tensor([16]))
        }
        expectRefusal(after, "which was destroyed")
        let never = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            _ = Session()
            _ = cann.aclDestroyTensor(OpaquePointer(bitPattern: 0x1234))
        }
        expectRefusal(never, "0x1234, which is no tensor")
        let scalar = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            var value: Float = 1
            _ = session.silu(cann.aclCreateScalar(&value, ACL_FLOAT)!, session.tensor([16]))
        }
        expectRefusal(scalar, "in place of the tensor")
    }

    @Test("a list takes its tensors over: one of them destroyed by itself afterwards")
    func list() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let tensor = session.tensor([16])
            let list = [OpaquePointer?.some(tensor)].withUnsafeBufferPointer { cann.aclCreateTensorList($0.baseAddress, 1) }
            ok(cann.aclDestroyTensorList(list))
            _ = cann.aclDestroyTensor(tensor)
        }
        expectRefusal(result, "which was destroyed with its list")
    }

    @Test("destroying nothing is nothing; what a scalar and an array were made of may go at once")
    func copies() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            #expect(cann.aclDestroyTensor(nil) == 0)
            #expect(cann.aclDestroyScalar(nil) == 0)
            #expect(cann.aclDestroyIntArray(nil) == 0)
            #expect(cann.aclDestroyTensorList(nil) == 0)
            let stream = session.stream(), block = session.memory(4)
            session.upload([3], to: block)
            var factor: Float = 2, size: UInt64 = 0
            var executor: OpaquePointer?
            let scalar = cann.aclCreateScalar(&factor, ACL_FLOAT)
            factor = 9
            ok(cann.aclnnMulsGetWorkspaceSize(session.tensor([1], at: block), scalar, session.tensor([1], at: block), &size, &executor))
            ok(cann.aclnnMuls(nil, 0, executor, stream))
            ok(session.wait(stream))
            #expect(session.download(1, from: block) == [6])
        }
    }
}
