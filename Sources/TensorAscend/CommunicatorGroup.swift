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

    /// - Throws: `DeviceError`: HCCL is missing, or the cards don't reach one another.
    init(_ devices: [AscendDevice], timeout: Int) throws {
        hccl = try HCCL.load().api
        self.devices = devices
        self.timeout = timeout
        state = Mutex(State(queued: devices.map { _ in 0 }))
        communicators = try Self.connect(devices, hccl)
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

    /// On a thread of its own: HCCL may leave another device current than the caller's.
    private static func connect(_ devices: [AscendDevice], _ hccl: ca_hccl) throws -> [HcclComm] {
        final class Answer: @unchecked Sendable {
            var numbers: [Int32]
            var communicators: [HcclComm?]
            var code = HCCL_SUCCESS

            init(_ numbers: [Int32]) {
                self.numbers = numbers
                communicators = numbers.map { _ in nil }
            }
        }
        struct Call: @unchecked Sendable { let hccl: ca_hccl }
        let answer = Answer(devices.map { Int32($0.index) }), done = DispatchSemaphore(value: 0), call = Call(hccl: hccl)
        Thread.detachNewThread {
            answer.code = call.hccl.HcclCommInitAll(UInt32(answer.numbers.count), &answer.numbers, &answer.communicators)
            done.signal()
        }
        // HCCL itself waits for HCCL_CONNECT_TIMEOUT at most.
        done.wait()
        let communicators = answer.communicators.compactMap(\.self)
        guard answer.code == HCCL_SUCCESS, communicators.count == devices.count else {
            throw DeviceError(.unavailable, "\(devices.map(\.name).joined(separator: ",")): HcclCommInitAll answered \(answer.code.rawValue)")
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
