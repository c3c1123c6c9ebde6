import CAscend
import Foundation
import Synchronization
import Tensor

/// HCCL's communicators of the ranks of one group, and what the ranks know of one another.
final class CommunicatorGroup: @unchecked Sendable {
    struct State {
        /// Collectives that each rank has queued.
        var queued: [Int]
        /// The first of any rank.
        var failure: DeviceError?

        /// The ranks that have queued fewer than another.
        var late: [Int] { queued.indices.filter { queued[$0] < queued.max() ?? 0 } }
    }

    let hccl: ca_hccl
    let devices: [AscendDevice]
    /// One for each device.
    let communicators: [HcclComm]
    /// How long a rank waits for the others, in seconds.
    let timeout: Int
    private let state: Mutex<State>

    /// - Throws: `DeviceError`: HCCL is missing, or the cards don't reach one another within the time.
    init(_ devices: [AscendDevice], timeout: Int) throws {
        hccl = try HCCL.load().api
        self.devices = devices
        self.timeout = timeout
        state = Mutex(State(queued: devices.map { _ in 0 }))
        communicators = try Self.connect(devices, hccl, timeout: timeout)
    }

    deinit {
        guard failure == nil else { return }
        for (device, communicator) in zip(devices, communicators) where !device.stream.isLost {
            // Work that is queued still uses it.
            guard (try? device.synchronize()) != nil else { continue }
            _ = device.stream.runtime { _ in
                _ = hccl.HcclCommDestroy(communicator)
                return 0
            }
        }
    }

    /// On a thread of its own: HCCL may leave another device current than the caller's, and where a device does not come it waits longer than
    /// the group does.
    private static func connect(_ devices: [AscendDevice], _ hccl: ca_hccl, timeout: Int) throws -> [HcclComm] {
        let call = ConnectCall(devices, hccl), names = devices.map(\.name)
        Thread.detachNewThread { call.run() }
        guard call.done.wait(timeout: .now() + .seconds(timeout)) == .success else {
            let missing = zip(names, call.communicators).filter { $1 == nil }.map(\.0)
            let named = (missing.isEmpty ? names : missing).joined(separator: ", ")
            throw DeviceError(.unavailable, "\(named): not connected with the others within \(timeout) seconds")
        }
        let communicators = call.communicators.compactMap(\.self)
        guard call.code == HCCL_SUCCESS, communicators.count == devices.count else {
            throw DeviceError(.unavailable, "\(names.joined(separator: ",")): HcclCommInitAll answered \(call.code.rawValue)")
        }
        return communicators
    }

    var failure: DeviceError? { state.withLock(\.failure) }

    func fail(_ message: String) {
        state.withLock { if $0.failure == nil { $0.failure = DeviceError(.lost, message) } }
    }

    func count(_ rank: Int) { state.withLock { $0.queued[rank] += 1 } }

    /// A rank has waited as long as it may. Where all have queued as much, nothing tells which of them does not go on.
    func expire() {
        let late = state.withLock(\.late)
        let names = (late.isEmpty ? Array(devices.indices) : late).map { devices[$0].name }.joined(separator: ", ")
        fail("\(names): \(late.isEmpty ? "what is queued has not ended" : "missed in a collective") for \(timeout) seconds")
    }
}

/// One call of `HcclCommInitAll`. Its memory and devices are HCCL's for as long as the call lasts, which may be longer than anybody waits.
private final class ConnectCall: @unchecked Sendable {
    let done = DispatchSemaphore(value: 0)
    /// HCCL connects each rank on a thread of its own, which writes the rank's communicator here once it has one.
    let communicators: UnsafeMutableBufferPointer<HcclComm?>
    /// Read once ``done`` is signalled.
    private(set) var code = HCCL_SUCCESS
    private let devices: [AscendDevice]
    private let hccl: ca_hccl

    init(_ devices: [AscendDevice], _ hccl: ca_hccl) {
        self.devices = devices
        self.hccl = hccl
        communicators = .allocate(capacity: devices.count)
        communicators.initialize(repeating: nil)
    }

    deinit { communicators.deallocate() }

    func run() {
        var numbers = devices.map { Int32($0.index) }
        code = hccl.HcclCommInitAll(UInt32(numbers.count), &numbers, communicators.baseAddress)
        done.signal()
    }
}
