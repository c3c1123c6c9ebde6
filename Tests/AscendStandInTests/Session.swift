import AscendStandIn
import CAscend
import Foundation
import Testing

/// CANN, as the stand-in that the tests link defines it.
let cann = standin_cann().pointee

/// A process with CANN started and device 0 set: what the body of a test begins with. The stand-in's state is a process's, so every
/// test has a process of its own.
struct Session {
    /// - Parameter environment: `STANDIN_` variables, without the prefix, and others with their names.
    init(_ environment: [String: String] = [:], device: Int32? = 0) {
        setenv("ASCEND_OPP_PATH", "/opp", 1)
        let own = [
            "SOC", "DEVICES", "MEMORY", "FAULT", "BUGS", "STRESS", "LEAKS", "UNREPEATABLE", "REFUSE", "THREADS", "RELEASE", "ORDER_BY_PLACE",
            "EVENTS", "GRAPHS",
        ]
        for (name, value) in environment { setenv(own.contains(name) ? "STANDIN_\(name)" : name, value, 1) }
        ok(cann.aclInit(nil))
        if let device { ok(cann.aclrtSetDevice(device)) }
    }

    func stream(stopping: Bool = true) -> aclrtStream {
        var stream: aclrtStream?
        ok(cann.aclrtCreateStreamWithConfig(&stream, 0, UInt32(ACL_STREAM_FAST_LAUNCH)))
        ok(cann.aclrtSetStreamFailureMode(stream, UInt64(stopping ? ACL_STOP_ON_FAILURE : ACL_CONTINUE_ON_FAILURE)))
        return stream!
    }

    func event(_ flags: Int = ACL_EVENT_SYNC) -> aclrtEvent {
        var event: aclrtEvent?
        ok(cann.aclrtCreateEventExWithFlag(&event, UInt32(flags)))
        return event!
    }

    func memory(_ bytes: Int) -> UnsafeMutableRawPointer {
        var address: UnsafeMutableRawPointer?
        ok(cann.aclrtMalloc(&address, bytes, ACL_MEM_MALLOC_HUGE_FIRST))
        return address!
    }

    func pinned(_ bytes: Int) -> UnsafeMutableRawPointer {
        var address: UnsafeMutableRawPointer?
        ok(cann.aclrtMallocHost(&address, bytes))
        return address!
    }

    /// f32, in memory of its own where none is given.
    func tensor(_ dims: [Int64], at address: UnsafeMutableRawPointer? = nil) -> OpaquePointer {
        let count = dims.reduce(1, *)
        return cann.aclCreateTensor(dims, UInt64(dims.count), ACL_FLOAT, nil, 0, ACL_FORMAT_ND, [count], 1, address ?? memory(Int(count) * 4))!
    }

    func wait(_ stream: aclrtStream, milliseconds: Int32 = -1) -> aclError { cann.aclrtSynchronizeStreamWithTimeout(stream, milliseconds) }

    func context() -> aclrtContext {
        var context: aclrtContext?
        ok(cann.aclrtGetCurrentContext(&context))
        return context!
    }

    /// Phase 1 of an operator without workspace.
    func silu(_ input: OpaquePointer, _ output: OpaquePointer) -> OpaquePointer { Session.plannedSilu(input, output) }

    static func plannedSilu(_ input: OpaquePointer, _ output: OpaquePointer) -> OpaquePointer {
        var size: UInt64 = 0
        var executor: OpaquePointer?
        ok(cann.aclnnSiluGetWorkspaceSize(input, output, &size, &executor))
        return executor!
    }

    func launch(_ executor: OpaquePointer, on stream: aclrtStream) -> aclError { cann.aclnnSilu(nil, 0, executor, stream) }

    /// Phase 1 of an operator with a workspace: a product of 32 × 32.
    func product(_ size: inout UInt64) -> (executor: OpaquePointer, left: OpaquePointer, right: OpaquePointer, result: OpaquePointer) {
        let left = tensor([32, 32]), right = tensor([32, 32]), result = tensor([32, 32])
        var executor: OpaquePointer?
        ok(cann.aclnnMatmulGetWorkspaceSize(left, right, result, 1, &size, &executor))
        precondition(size > 0, "the product has no workspace")
        return (executor!, left, right, result)
    }

    /// A copy of floats to the device, waited for.
    func upload(_ values: [Float], to address: UnsafeMutableRawPointer) {
        ok(cann.aclrtMemcpy(address, values.count * 4, values, values.count * 4, ACL_MEMCPY_HOST_TO_DEVICE))
    }

    func download(_ count: Int, from address: UnsafeMutableRawPointer) -> [Float] {
        var values = [Float](repeating: 0, count: count)
        ok(cann.aclrtMemcpy(&values, count * 4, address, count * 4, ACL_MEMCPY_DEVICE_TO_HOST))
        return values
    }
}

/// Runs the body on a thread that has no context yet, to its end.
func onAnotherThread(_ body: @escaping @Sendable () -> Void) {
    let done = DispatchSemaphore(value: 0)
    Thread {
        body()
        done.signal()
    }.start()
    done.wait()
}

/// What must succeed; a test of something else has nothing to say about it.
func ok(_ code: Int32?) {
    guard let code, code != 0 else { return }
    fatalError("CANN answered \(code): \(message())")
}

/// What `aclGetRecentErrMsg` says, which then is gone.
func message() -> String { cann.aclGetRecentErrMsg().map { String(cString: $0) } ?? "" }

/// A process that the stand-in ended, and what it said last.
func expectRefusal(_ result: ExitTest.Result?, _ said: String, _ location: SourceLocation = #_sourceLocation) {
    let lines = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self).split(separator: "\n").filter { $0.hasPrefix("stand-in: ") }
    #expect(lines.contains { $0.contains(said) }, "it said \(lines)", sourceLocation: location)
}
