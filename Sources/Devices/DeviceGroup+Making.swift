public import Domain
public import Tensor
import TensorAscend
import TensorCPU

extension DeviceGroup {
    /// The devices of a process, and what those that divide a pass exchange tensors by.
    /// - Parameters:
    ///   - ids: side after side, each of as many as `ranks` says. The CPU stands for all of them: its ranks are threads that share its
    ///     processors.
    ///   - ranks: of each side.
    ///   - timeout: how long an accelerator waits for the others, in seconds; nil: ``Collectives/timeout``.
    ///   - threads: of the CPU; nil: one for each processor that this process may use.
    ///   - makeDevice: called with a device and with its share of the CPU's threads.
    /// - Throws: what `makeDevice` throws; `DeviceError` where the devices can't exchange tensors.
    public init(
        _ ids: [DeviceID], ranks: Int, timeout: Int? = nil, threads: Int?, makeDevice: (DeviceID, Int?) throws -> any Device
    ) throws {
        guard ranks > 1 else {
            self.init(try ids.map { try makeDevice($0, threads) })
            return
        }
        if ids == [.cpu] {
            let share = max((threads ?? CPUDevice.processors) / ranks, 1)
            self.init(sides: [try CPUCommunicator.group(ranks).map { Rank(try makeDevice(.cpu, share), $0) }])
        } else {
            let devices = try ids.map { try makeDevice($0, threads) }
            let cards = devices.compactMap { $0 as? AscendDevice }
            guard cards.count == devices.count else {
                throw DeviceError(.unavailable, "\(ids.list): only accelerators exchange tensors with one another")
            }
            let sides = stride(from: 0, to: cards.count, by: ranks).map { Array(cards[$0..<$0 + ranks]) }
            self.init(
                sides: try sides.map { side in
                    zip(side, try AscendCommunicator.group(side, timeout: timeout ?? Collectives.timeout)).map { Rank($0, $1) }
                })
        }
    }
}
