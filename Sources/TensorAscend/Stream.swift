import CAscend
import Tensor

/// The stream of one device: operators are queued here in order, and the first failure is kept until the next call that waits.
///
/// An operator takes two calls, one that plans and one that launches; see ``PlanCache``.
final class Stream {
    let api: UnsafePointer<ca_api>
    let name: String
    let handle: aclrtStream
    /// How long the host waits for the device before it counts as lost, in milliseconds.
    var timeout: Int32
    weak var memory: DeviceMemory?
    var calls = HostCalls()
    var derived = DerivedOperands()
    var recordings = Recordings()
    /// While operators are recorded in place of being run.
    var capture: Capture?
    /// Number of operators that were missing or refused although they may be.
    private(set) var refusals = 0
    private(set) var lastRefusal = ""

    private let context: aclrtContext
    private var failure: DeviceError?
    private var workspace: (address: UnsafeMutableRawPointer?, byteCount: Int) = (nil, 0)
    private var plans: PlanCache
    private var launchWindow = LaunchWindow()

    /// Stands for memory that could not be allocated.
    static var nowhere: UnsafeMutableRawPointer { UnsafeMutableRawPointer(bitPattern: 64)! }

    typealias Launch = @convention(c) (UnsafeMutableRawPointer?, UInt64, OpaquePointer?, aclrtStream?) -> aclnnStatus

    init(_ cann: CANN, name: String, context: aclrtContext, timeout: Int32) throws(DeviceError) {
        api = cann.api
        plans = PlanCache(cann.api)
        self.name = name
        self.context = context
        self.timeout = timeout
        var handle: aclrtStream?
        var code = ca_enter(api, context)
        if code == 0 {
            code = api.pointee.aclrtCreateStreamWithConfig(&handle, 0, UInt32(ACL_STREAM_FAST_LAUNCH | ACL_STREAM_FAST_SYNC))
        }
        guard code == 0, let handle else {
            throw DeviceError(.unavailable, "\(name): aclrtCreateStreamWithConfig answered \(code)\(recentMessage(api.pointee))")
        }
        self.handle = handle
        // Operators that are queued behind a failure would compute with undefined memory. May be set once for a stream, and reaches all
        // streams of the context: what is queued on a second stream of the device stops with this one.
        check("aclrtSetStreamFailureMode") { $0.aclrtSetStreamFailureMode(handle, UInt64(ACL_STOP_ON_FAILURE)) }
    }

    /// No failure is waiting to be thrown, and none has spoilt what is recorded.
    var isUsable: Bool { failure == nil && capture?.failure == nil }

    /// Queues an operator.
    /// - Parameters:
    ///   - operands: all tensors it reads and writes, in the order that `plan` numbers them.
    ///   - attributes: all other values that `plan` passes.
    ///   - writes: the operands that it writes; the last one if nil.
    ///   - repeatable: false if `plan` passes values that are not part of the key, such as lengths. Calls that differ in nothing but addresses
    ///     must agree on it.
    ///   - mayRefuse: an operator that is refused is no failure.
    /// - Returns: false if the operator is missing or was refused.
    @discardableResult
    func run(
        _ op: Operator, _ launch: Launch?, _ operands: [Operand], _ attributes: [Double] = [], writes: [Int]? = nil, repeatable: Bool = true,
        mayRefuse: Bool = false,
        plan: (ca_api, Arguments, UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<OpaquePointer?>) -> aclnnStatus
    ) -> Bool {
        guard let launch else {
            refuse("CANN has no \(op.symbol)")
            return false
        }
        guard isUsable else { return true }
        let entered = ca_enter(api, context)
        guard entered == 0 else {
            fail(entered, "aclrtSetCurrentContext")
            return true
        }
        guard operands.allSatisfy({ $0.storage.address != Stream.nowhere }) else {
            record(DeviceError(.outOfMemory, "\(name): \(op.symbol) on memory that the device did not have"))
            return true
        }
        // A rank of a group may have no rows of a matrix.
        guard (writes ?? [operands.count - 1]).contains(where: { !operands[$0].isEmpty }) else { return true }
        for written in writes ?? [operands.count - 1] {
            derived.forget(operands[written].view.address)
            capture?.written.insert(operands[written].view.address)
        }
        let key = PlanCache.Key(op: op, views: operands.map(\.view), attributes: attributes)
        let known: PlanCache.Known? = repeatable ? plans.find(key) : .unrepeatable
        if case .kept(let plan) = known {
            self.launch(op, launch, plan.executor, plan.workspaceSize, operands)
            return true
        }
        let arguments = Arguments(api, operands)
        var (size, executor): (UInt64, OpaquePointer?) = (0, nil)
        let code = plan(api.pointee, arguments, &size, &executor)
        calls.plans += 1
        guard code == 0, let executor else {
            calls.descriptors += 2 * arguments.count
            arguments.destroy()
            if mayRefuse {
                refuse("\(description(op, operands)) answered \(code)\(recentMessage(api.pointee))")
                return false
            }
            fail(code, description(op, operands))
            return true
        }
        calls.descriptors += arguments.count
        if known == nil, keep(PlanCache.Plan(executor: executor, workspaceSize: size, arguments: arguments), key) {
            self.launch(op, launch, executor, size, operands)
        } else {
            // The launch uses the executor up.
            if !self.launch(op, launch, executor, size, operands) { _ = api.pointee.aclDestroyAclOpExecutor(executor) }
            calls.descriptors += arguments.count
            arguments.destroy()
        }
        return true
    }

    private func refuse(_ why: String) {
        refusals += 1
        lastRefusal = why
    }

    private func keep(_ plan: PlanCache.Plan, _ key: PlanCache.Key) -> Bool {
        calls.plans += 1
        return plans.keep(plan, for: key)
    }

    /// - Returns: false if it was not called because there was no memory for its workspace.
    @discardableResult
    private func launch(_ op: Operator, _ launch: Launch, _ executor: OpaquePointer, _ workspaceSize: UInt64, _ operands: [Operand]) -> Bool {
        guard reserveWorkspace(Int(workspaceSize)) else { return false }
        let code = launch(workspaceSize == 0 ? nil : workspace.address, workspaceSize, executor, handle)
        calls.launches += 1
        if code != 0 { fail(code, description(op, operands)) }
        if capture == nil { launchWindow.advance(self) } else { capture?.operators += 1 }
        return true
    }

    /// One workspace serves all operators, one after another. Before it grows the stream must be idle, because freeing does not wait for queued work.
    private func reserveWorkspace(_ byteCount: Int) -> Bool {
        guard byteCount > workspace.byteCount else { return true }
        guard allows("a workspace of \(byteCount) bytes, there are \(workspace.byteCount)"), wait(), let memory else { return false }
        // They would go on using the old one.
        destroyRecordings()
        if let old = workspace.address { _ = runtime { $0.aclrtFree(old) } }
        workspace = (nil, 0)
        let unit = 2 << 20
        let size = (byteCount + unit - 1) / unit * unit
        guard let address = memory.allocate(size) else { return false }
        workspace = (address, size)
        return true
    }

    /// The most plans that are kept.
    var mostPlans: Int {
        get { plans.most }
        set { plans.most = newValue }
    }

    /// Drops all plans. Nothing that is queued needs them.
    func forgetPlans() { plans.removeAll() }

    /// Calls the runtime, in this device's context.
    func runtime(_ call: (ca_api) -> aclError) -> aclError {
        calls.runtime += 1
        let code = ca_enter(api, context)
        return code == 0 ? call(api.pointee) : code
    }

    /// The same; anything but success is recorded as a failure.
    @discardableResult
    func check(_ what: @autoclosure () -> String, _ call: (ca_api) -> aclError) -> Bool {
        guard isUsable, allows(what()) else { return false }
        let code = runtime(call)
        if code != 0 { fail(code, what()) }
        return code == 0
    }

    /// An event that only the host waits for: it takes none of the device's events, which are few and shared by all processes. Nil if it
    /// can't be created.
    func makeEvent() -> aclrtEvent? {
        var event: aclrtEvent?
        check("aclrtCreateEvent") { $0.aclrtCreateEventExWithFlag(&event, UInt32(ACL_EVENT_CAPTURE_STREAM_PROGRESS)) }
        return event
    }

    /// Waits until all that was queued has run, also behind an operator that was refused: what looks refused may be a stream that has
    /// stopped, and then the device is lost.
    func wait() -> Bool {
        guard !isLost, allows("aclrtSynchronizeStream") else { return false }
        let code = runtime { $0.aclrtSynchronizeStreamWithTimeout(handle, timeout) }
        if code != 0 { fail(code, "aclrtSynchronizeStream") }
        return code == 0
    }

    /// Waits, and throws the first failure since the last call. The failure of a lost device is thrown every time.
    func synchronize() throws(DeviceError) {
        _ = wait()
        guard let failure else { return }
        if failure.kind != .lost { self.failure = nil }
        throw failure
    }

    /// Records a failure that a code of CANN tells.
    func fail(_ code: Int32, _ what: String) {
        let message = "\(name): \(what) answered \(code)\(recentMessage(api.pointee))"
        guard allows(message) else { return }
        record(DeviceError(DeviceError.Kind(cann: code), message))
    }

    /// The device has dropped what was queued, though no call has said so yet.
    func lose(_ what: String) {
        // For its own words on the reason.
        _ = wait()
        record(DeviceError(.lost, "\(name): \(what)"))
    }

    /// Records a failure that was caught where it can't be thrown.
    func remember(_ error: any Error) {
        record(error as? DeviceError ?? DeviceError(.refused, "\(name): \(error)"))
    }

    /// The first failure counts, unless the device turns out to be lost.
    private func record(_ new: DeviceError) {
        if failure == nil || new.kind == .lost && !isLost { failure = new }
    }

    /// The device does not answer any more, and nothing can be freed on it.
    var isLost: Bool { failure?.kind == .lost }

    /// Frees everything that belongs to the stream.
    func end() {
        _ = runtime { $0.aclrtSynchronizeStreamWithTimeout(handle, timeout) }
        destroyRecordings()
        for event in launchWindow.removeAll() { _ = runtime { $0.aclrtDestroyEvent(event) } }
        forgetPlans()
        if let address = workspace.address { _ = runtime { $0.aclrtFree(address) } }
        _ = runtime { $0.aclrtDestroyStream(handle) }
    }

    private func description(_ op: Operator, _ operands: [Operand]) -> String {
        op.symbol + operands.map { " \($0.dtype)\($0.extents)" }.joined()
    }
}
