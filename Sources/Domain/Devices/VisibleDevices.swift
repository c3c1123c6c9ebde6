/// The accelerators that CANN's runtime lets a process see: `ASCEND_RT_VISIBLE_DEVICES`.
///
/// The runtime hides all others and numbers the visible ones from 0 in the order of the list.
public struct VisibleDevices: Sendable, Hashable {
    public static let variable = "ASCEND_RT_VISIBLE_DEVICES"

    /// The machine's numbers in ascending order; nil where the variable is not set: all are visible.
    public let numbers: [Int]?

    /// - Returns: nil where the list is not what the runtime reads: ascending numbers with commas between, each once.
    public init?(environment: [String: String]) {
        guard let list = environment[Self.variable], !list.isEmpty else {
            numbers = nil
            return
        }
        let parts = list.split(separator: ",", omittingEmptySubsequences: false).map { Int($0.filter { $0 != " " }) }
        let given = parts.compactMap(\.self)
        guard given.count == parts.count, zip(given, given.dropFirst()).allSatisfy(<) else { return nil }
        numbers = given
    }

    /// Just these devices of the machine.
    public init(_ devices: [DeviceID]) { numbers = devices.compactMap(\.number).sorted() }

    /// What a process that is started with these devices has in its environment.
    public var environment: [String: String] {
        guard let numbers, !numbers.isEmpty else { return [:] }
        return [Self.variable: numbers.map(String.init).joined(separator: ",")]
    }

    /// The device as the machine counts it, for one that the process names. A number beyond the list stays as it is: the
    /// runtime refuses it.
    public func onMachine(_ device: DeviceID) -> DeviceID {
        guard let numbers, let number = device.number, numbers.indices.contains(number) else { return device }
        return .npu(numbers[number])
    }

    /// The device as the process names it; nil for an accelerator that it can't see.
    public func inProcess(_ device: DeviceID) -> DeviceID? {
        guard let numbers, let number = device.number else { return device }
        return numbers.firstIndex(of: number).map { .npu($0) }
    }
}
