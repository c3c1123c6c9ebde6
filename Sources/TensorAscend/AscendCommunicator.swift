import CAscend
public import Domain
public import Tensor

/// Ranks that are cards of one process, each driven by a thread of its own, through HCCL. Collectives are queued on the card's stream.
///
/// HCCL itself tells little of a rank that has gone: its collectives wait, half an hour unless `HCCL_EXEC_TIMEOUT` says less. So the ranks tell
/// one another, and the host waits in short turns.
public final class AscendCommunicator: Communicator, @unchecked Sendable {
    public let rank: Int
    private let group: CommunicatorGroup

    private init(_ rank: Int, _ group: CommunicatorGroup) {
        self.rank = rank
        self.group = group
    }

    /// The ranks of a new group, in the order of the devices.
    /// - Parameter timeout: how long a rank waits for the others, here and in each collective, before the group fails, in seconds.
    /// - Throws: `DeviceError`: HCCL is missing, or the cards don't reach one another within the time.
    public static func group(_ devices: [AscendDevice], timeout: Int = Collectives.timeout) throws -> [AscendCommunicator] {
        let group = try CommunicatorGroup(devices, timeout: timeout)
        // What is queued behind a collective waits as long.
        for device in devices { device.timeout = min(device.timeout, timeout) }
        return devices.indices.map { AscendCommunicator($0, group) }
    }

    public var size: Int { group.devices.count }
    private var device: AscendDevice { group.devices[rank] }
    private var stream: Stream { device.stream }
    private var communicator: HcclComm { group.communicators[rank] }

    public func allToAll(_ x: Tensor, into y: Tensor) {
        checkAllToAll(x, y)
        let part = UInt64(x.shape.count / size)
        queue("HcclAlltoAll", x, y) {
            group.hccl.HcclAlltoAll(x.address, part, $0, y.address, part, $0, communicator, stream.handle)
        }
    }

    public func allReduce(_ x: Tensor) {
        checkAllReduce(x)
        queue("HcclAllReduce", x, x) {
            group.hccl.HcclAllReduce(x.address, x.address, UInt64(x.shape.count), $0, HCCL_REDUCE_SUM, communicator, stream.handle)
        }
    }

    private func queue(_ name: String, _ x: Tensor, _ y: Tensor, _ call: (HcclDataType) -> HcclResult) {
        guard group.failure == nil else { return }
        guard stream.isUsable, let type = x.dtype.hccl else {
            // A rank that can't queue its part leaves the others waiting.
            do {
                try stream.synchronize()
                group.fail("\(device.name): \(name) of \(x.dtype) \(x.shape)")
            } catch { abort(error) }
            return
        }
        stream.derived.forget(y.address)
        var code = HCCL_SUCCESS
        let entered = stream.runtime { _ in
            code = call(type)
            return 0
        }
        group.count(rank)
        if entered != 0 || code != HCCL_SUCCESS {
            group.fail("\(device.name): \(name) of \(x.dtype) \(x.shape) answered \(entered != 0 ? entered : Int32(code.rawValue))")
        }
    }

    public func check() throws {
        if let failure = group.failure { throw failure }
    }

    /// Of one turn, in milliseconds: as long as a rank's failure takes at most until the others see it.
    private static let turn: Int32 = 200
    private static let hasNotEnded: Int32 = 507046

    public func synchronize() throws {
        var left = Int32(group.timeout * 1000)
        repeat {
            try check()
            let code = stream.runtime { $0.aclrtSynchronizeStreamWithTimeout(stream.handle, Self.turn) }
            if code == 0 { break }
            if code != Self.hasNotEnded {
                do { try stream.synchronize() } catch { abort(error) }
                group.fail("\(device.name): aclrtSynchronizeStream answered \(code)")
            }
            left -= Self.turn
            if left <= 0 { group.expire() }
        } while true
        var asynchronous = HCCL_SUCCESS
        let code = group.hccl.HcclGetCommAsyncError(communicator, &asynchronous)
        if code != HCCL_SUCCESS || asynchronous != HCCL_SUCCESS {
            group.fail("\(device.name): HcclGetCommAsyncError answered \(code.rawValue) and told \(asynchronous.rawValue)")
        }
        try check()
        do { try device.synchronize() } catch {
            abort(error)
            throw error
        }
    }

    public func abort(_ error: any Error) {
        let message = "\(error)"
        group.fail(message.hasPrefix(device.name) ? message : "\(device.name): \(message)")
    }
}
