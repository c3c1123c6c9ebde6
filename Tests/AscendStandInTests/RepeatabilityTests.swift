import AscendStandIn
import CAscend
import Foundation
import Testing

/// Which plans CANN lets a process launch more than once.
struct RepeatabilityTests {
    @Test("a plan out of the thread's cache can't be marked: the same call, addresses aside, was planned before and not marked")
    func cached() async {
        await #expect(processExitsWith: .success) {
            let session = Session()
            for _ in 0..<2 {
                // A marked plan leaves the cache.
                ok(cann.aclSetAclOpExecutorRepeatable(session.silu(session.tensor([8]), session.tensor([8]))))
            }
            _ = session.silu(session.tensor([16]), session.tensor([16]))
            let again = session.silu(session.tensor([16]), session.tensor([16]))
            #expect(cann.aclSetAclOpExecutorRepeatable(again) == 561000)
            #expect(message().contains("came out of the cache"))
            ok(session.launch(again, on: session.stream()))
            ok(cann.aclSetAclOpExecutorRepeatable(session.silu(session.tensor([4, 4]), session.tensor([4, 4]))))

            let context = UInt(bitPattern: session.context())
            let (input, output) = (UInt(bitPattern: session.tensor([16])), UInt(bitPattern: session.tensor([16])))
            onAnotherThread {
                ok(cann.aclrtSetCurrentContext(aclrtContext(bitPattern: context)))
                let other = Session.plannedSilu(OpaquePointer(bitPattern: input)!, OpaquePointer(bitPattern: output)!)
                guard cann.aclSetAclOpExecutorRepeatable(other) == 0 else { exit(2) }
            }
        }
    }

    @Test("of one operator, plans with strided outputs alone can be set unrepeatable; what can't be repeated is in no cache")
    func strided() async {
        await #expect(processExitsWith: .success) {
            let session = Session(["UNREPEATABLE": "aclnnCat,aclnnInplaceCopy:strided"])
            for layout in [Layout.dense, .spaced, .spaced] {
                let (x, y) = (session.output([2, 3]), session.output([2, 3], ACL_FLOAT, layout))
                var executor: OpaquePointer?, size: UInt64 = 0
                ok(cann.aclnnInplaceCopyGetWorkspaceSize(y.handle, x.handle, &size, &executor))
                #expect(cann.aclSetAclOpExecutorRepeatable(executor) == (layout == .dense ? 0 : 561000))
                #expect(layout == .dense || message().contains("can't be repeated"))
            }
        }
    }
}
