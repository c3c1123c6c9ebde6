import AscendStandIn
import CAscend
import Foundation
import Testing

/// The two phases: what an executor may be used for, how long its arguments must live, what its workspace must be.
struct ExecutorTests {
    @Test("an operator runs")
    func runs() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let stream = session.stream(), input = session.memory(64), output = session.memory(64)
            session.upload([Float](repeating: 0, count: 15) + [100], to: input)
            ok(session.launch(session.silu(session.tensor([16], at: input), session.tensor([16], at: output)), on: stream))
            ok(session.wait(stream))
            #expect(session.download(16, from: output) == [Float](repeating: 0, count: 15) + [100])
        }
    }

    @Test("NULL for a tensor, the size or the executor: 161001; for phase 2's executor too")
    func nulls() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            var size: UInt64 = 0
            var executor: OpaquePointer?
            #expect(cann.aclnnSiluGetWorkspaceSize(nil, session.tensor([16]), &size, &executor) == 161001)
            #expect(cann.aclnnSiluGetWorkspaceSize(session.tensor([16]), session.tensor([16]), nil, &executor) == 161001)
            #expect(cann.aclnnSiluGetWorkspaceSize(session.tensor([16]), session.tensor([16]), &size, nil) == 161001)
            #expect(cann.aclnnSilu(nil, 0, nil, session.stream()) == 161001)
        }
    }

    @Test("without ASCEND_OPP_PATH the first phase fails: 561107")
    func operatorPath() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            unsetenv("ASCEND_OPP_PATH")
            var size: UInt64 = 0
            var executor: OpaquePointer?
            #expect(cann.aclnnSiluGetWorkspaceSize(session.tensor([16]), session.tensor([16]), &size, &executor) == 561107)
        }
    }

    @Test("an executor after phase 2 consumed it")
    func twice() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let stream = session.stream(), executor = session.silu(session.tensor([16]), session.tensor([16]))
            ok(session.launch(executor, on: stream))
            _ = session.launch(executor, on: stream)
        }
        expectRefusal(result, "consumed by phase 2")
    }

    @Test("an executor destroyed after phase 2 consumed it")
    func destroyConsumed() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let executor = session.silu(session.tensor([16]), session.tensor([16]))
            ok(session.launch(executor, on: session.stream()))
            _ = cann.aclDestroyAclOpExecutor(executor)
        }
        expectRefusal(result, "aclDestroyAclOpExecutor was given the executor")
    }

    @Test("an executor marked repeatable after phase 2")
    func markedLate() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let executor = session.silu(session.tensor([16]), session.tensor([16]))
            ok(session.launch(executor, on: session.stream()))
            _ = cann.aclSetAclOpExecutorRepeatable(executor)
        }
        expectRefusal(result, "aclSetAclOpExecutorRepeatable was given the executor")
    }

    @Test("phase 2 of another operator")
    func other() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            _ = cann.aclnnGeluV2(nil, 0, session.silu(session.tensor([16]), session.tensor([16])), session.stream())
        }
        expectRefusal(result, "aclnnGeluV2 was given the executor of aclnnSilu")
    }

    @Test("a repeatable executor runs again and again, on addresses set anew, until it is destroyed")
    func repeatable() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["LEAKS": "abort"])
            let stream = session.stream(), first = session.memory(4), second = session.memory(4), result = session.memory(4)
            session.upload([100], to: first)
            session.upload([200], to: second)
            let input = session.tensor([1], at: first), output = session.tensor([1], at: result)
            let executor = session.silu(input, output)
            ok(cann.aclSetAclOpExecutorRepeatable(executor))
            for _ in 0..<2 {
                ok(session.launch(executor, on: stream))
                ok(session.wait(stream))
                #expect(session.download(1, from: result) == [100])
            }
            ok(aclSetInputTensorAddr(executor, 0, input, second))
            ok(session.launch(executor, on: stream))
            ok(session.wait(stream))
            #expect(session.download(1, from: result) == [200])
            ok(cann.aclDestroyAclOpExecutor(executor))
        }
    }

    @Test("an operator that can't be repeated says 561000, and its executor still runs once")
    func unrepeatable() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["UNREPEATABLE": "aclnnCat,aclnnSilu"])
            let stream = session.stream(), tensor = session.tensor([16]), executor = session.silu(tensor, tensor)
            #expect(cann.aclSetAclOpExecutorRepeatable(executor) == 561000)
            ok(session.launch(executor, on: stream))
            ok(session.wait(stream))
        }
    }

    @Test("phase 1 refuses the rows that it is told to refuse, and no others: 161002")
    func refused() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["REFUSE": "aclnnCat:2,aclnnSilu:37"])
            var size: UInt64 = 0
            var executor: OpaquePointer?
            let rows = session.tensor([37, 2])
            #expect(cann.aclnnSiluGetWorkspaceSize(rows, rows, &size, &executor) == 161002)
            #expect(message().contains("aclnnSilu: the configured refusal of 37 rows"))
            ok(session.launch(session.silu(session.tensor([3, 7]), session.tensor([3, 7])), on: session.stream()))
        }
    }

    @Test("a device whose operators are planned on a third thread, where one is asked for")
    func threads() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session(["THREADS": "abort"])
            let context = UInt(bitPattern: session.context())
            @Sendable func plan() {
                ok(cann.aclrtSetCurrentContext(aclrtContext(bitPattern: context)))
                let tensor = session.tensor([16])
                for _ in 0..<2 { _ = session.silu(tensor, tensor) }
            }
            plan()
            // It may be opened on one thread and driven on another.
            onAnotherThread(plan)
            plan()
        }
        expectRefusal(result, "operators of device 0 are planned on a third thread, or on one that it had left")
    }

    @Test("an address set on an executor that isn't repeatable, and of another tensor")
    func setAddress() async {
        let once = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let input = session.tensor([16])
            _ = aclSetInputTensorAddr(session.silu(input, session.tensor([16])), 0, input, session.memory(64))
        }
        expectRefusal(once, "is not repeatable")
        let another = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let input = session.tensor([16]), executor = session.silu(input, session.tensor([16]))
            ok(cann.aclSetAclOpExecutorRepeatable(executor))
            _ = aclSetOutputTensorAddr(executor, 0, input, session.memory(64))
        }
        expectRefusal(another, "tensor 0 of aclnnSilu is another one")
    }

    @Test("a tensor destroyed between the phases, though another has its place by then")
    func destroyedBetween() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let input = session.tensor([16]), executor = session.silu(input, session.tensor([16]))
            ok(cann.aclDestroyTensor(input))
            _ = session.launch(executor, on: session.stream())
        }
        expectRefusal(result, "is destroyed before phase 2 returned")
    }

    @Test("a scalar destroyed between the phases")
    func scalarDestroyed() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            var value: Float = 2, size: UInt64 = 0
            var executor: OpaquePointer?
            let scalar = cann.aclCreateScalar(&value, ACL_FLOAT)
            ok(cann.aclnnMulsGetWorkspaceSize(session.tensor([16]), scalar, session.tensor([16]), &size, &executor))
            ok(cann.aclDestroyScalar(scalar))
            _ = cann.aclnnMuls(nil, 0, executor, session.stream())
        }
        expectRefusal(result, "is destroyed before phase 2 returned")
    }

    @Test("tensors may be destroyed as soon as phase 2 returned; their memory not before the stream has passed")
    func destroyedAfter() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let stream = session.stream(), block = session.memory(64), tensor = session.tensor([16], at: block)
            session.upload([Float](repeating: 100, count: 16), to: block)
            standin_hold(1)
            ok(session.launch(session.silu(tensor, tensor), on: stream))
            ok(cann.aclDestroyTensor(tensor))
            standin_hold(0)
            ok(session.wait(stream))
            #expect(session.download(16, from: block) == [Float](repeating: 100, count: 16))
        }
    }

    @Test("memory freed between the phases")
    func freedBetween() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let block = session.memory(64), executor = session.silu(session.tensor([16], at: block), session.tensor([16]))
            ok(cann.aclrtFree(block))
            _ = session.launch(executor, on: session.stream())
        }
        expectRefusal(result, "in a freed block of 64 bytes")
    }

    @Test("a workspace smaller than phase 1 asked for")
    func smallWorkspace() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            var size: UInt64 = 0
            let product = session.product(&size)
            _ = cann.aclnnMatmul(session.memory(Int(size)), size - 1, product.executor, session.stream())
        }
        expectRefusal(result, "aclnnMatmul: a workspace of")
    }

    @Test("a workspace whose memory is smaller than its size, or the host's, or freed")
    func wrongWorkspace() async {
        let short = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            var size: UInt64 = 0
            let product = session.product(&size)
            _ = cann.aclnnMatmul(session.memory(Int(size) - 32), size, product.executor, session.stream())
        }
        expectRefusal(short, "bytes from byte 0 of a block of")
        let host = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            var size: UInt64 = 0
            let product = session.product(&size)
            _ = cann.aclnnMatmul(session.pinned(Int(size)), size, product.executor, session.stream())
        }
        expectRefusal(host, "which is pinned host memory, in place of memory of device 0")
        let freed = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            var size: UInt64 = 0
            let product = session.product(&size), workspace = session.memory(Int(size))
            ok(cann.aclrtFree(workspace))
            _ = cann.aclnnMatmul(workspace, size, product.executor, session.stream())
        }
        expectRefusal(freed, "in a freed block")
    }

    @Test("no workspace with a size is 161001, and the executor is gone")
    func nullWorkspace() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            var size: UInt64 = 0
            let product = session.product(&size), stream = session.stream()
            guard cann.aclnnMatmul(nil, size, product.executor, stream) == 161001 else { exit(2) }
            _ = cann.aclnnMatmul(session.memory(Int(size)), size, product.executor, stream)
        }
        expectRefusal(result, "consumed by phase 2")
    }

    @Test("a workspace that overlaps a tensor")
    func overlap() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let left = session.tensor([32, 32]), right = session.tensor([32, 32])
            var size: UInt64 = 0
            var executor: OpaquePointer?
            let block = session.memory(1 << 20)
            ok(cann.aclnnMatmulGetWorkspaceSize(left, right, session.tensor([32, 32], at: block), 1, &size, &executor))
            _ = cann.aclnnMatmul(block, size, executor, session.stream())
        }
        expectRefusal(result, "the workspace overlaps tensor 2")
    }

    @Test("what else was kept in a workspace is gone")
    func scribble() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let stream = session.stream()
            var size: UInt64 = 0
            let product = session.product(&size), workspace = session.memory(Int(size))
            session.upload([1, 2], to: workspace)
            ok(cann.aclnnMatmul(workspace, size, product.executor, stream))
            ok(session.wait(stream))
            #expect(session.download(2, from: workspace) != [1, 2])
        }
    }

    @Test("one workspace for two streams")
    func sharedWorkspace() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            var size: UInt64 = 0
            let first = session.product(&size), second = session.product(&size), workspace = session.memory(Int(size))
            ok(cann.aclnnMatmul(workspace, size, first.executor, session.stream()))
            _ = cann.aclnnMatmul(workspace, size, second.executor, session.stream())
        }
        expectRefusal(result, "may still write: nothing waited for it")
    }

    @Test("the phases may be on two threads, where the second has the context")
    func twoThreads() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let executor = session.silu(session.tensor([16]), session.tensor([16])), stream = session.stream()
            var context: aclrtContext?
            ok(cann.aclrtGetCurrentContext(&context))
            let pointers = (UInt(bitPattern: executor), UInt(bitPattern: stream), UInt(bitPattern: context!))
            onAnotherThread {
                guard cann.aclrtSetCurrentContext(aclrtContext(bitPattern: pointers.2)) == 0 else { exit(2) }
                guard cann.aclnnSilu(nil, 0, OpaquePointer(bitPattern: pointers.0), aclrtStream(bitPattern: pointers.1)) == 0 else { exit(3) }
            }
            ok(session.wait(stream))
        }
    }

    @Test("an address set on one side alone of a tensor that is both input and output")
    func oneSide() async {
        let result = await #expect(processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]) {
            let session = Session()
            let tensor = session.tensor([16]), executor = session.silu(tensor, tensor)
            ok(cann.aclSetAclOpExecutorRepeatable(executor))
            ok(aclSetInputTensorAddr(executor, 0, tensor, session.memory(64)))
            _ = session.launch(executor, on: session.stream())
        }
        expectRefusal(result, "the address of tensor 1 changed since phase 1")
    }

    @Test("phase 2 on a thread without a context is 361001")
    func otherThread() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            let executor = session.silu(session.tensor([16]), session.tensor([16])), stream = session.stream()
            let pointers = (UInt(bitPattern: executor), UInt(bitPattern: stream))
            onAnotherThread {
                if cann.aclnnSilu(nil, 0, OpaquePointer(bitPattern: pointers.0), aclrtStream(bitPattern: pointers.1)) != 361001 { exit(2) }
            }
        }
    }
}
