public import ArgumentParser
public import Domain

// Values of flags. `read` is for `transform:`, whose error says what is expected.

extension PrecisionChoice: ExpressibleByArgument {
    /// What the values of a `--precision` mean.
    public static let explanation = "f32; bf16, where the device multiplies it natively; auto, bf16 there and f32 elsewhere."
}

extension DeterminismLevel: ExpressibleByArgument {
    /// What the values of a `--deterministic` mean.
    public static let explanation =
        "0: off; 1: a repeated run gives the same bits; 2: a row does in every place of a batch; 3: and whatever is computed with it."

    /// - Throws: `ValidationError` for a level that is asked of the CPU.
    public static func check(_ level: DeterminismLevel?, of devices: [DeviceID]) throws {
        guard let level, devices.contains(.cpu) else { return }
        throw ValidationError("--deterministic \(level) is for accelerators: on the CPU a row has the same bits always, alone and in a batch")
    }
}

extension DeviceID {
    /// - Throws: `ValidationError`, which says what is expected.
    public static func read(_ text: String) throws -> DeviceID {
        guard let device = DeviceID(text) else { throw ValidationError("\"\(text)\" is no device: \(syntax)") }
        return device
    }
}

/// The devices of one process, the main one first: `npu:0,npu:1`.
public struct DeviceList: Sendable, Hashable {
    public let devices: [DeviceID]

    public init(_ devices: [DeviceID]) { self.devices = devices }

    /// - Throws: `ValidationError`, which says what is expected.
    public static func read(_ text: String) throws -> DeviceList {
        guard let devices = [DeviceID](list: text) else {
            throw ValidationError("\"\(text)\" is no device and no list of different devices: \(DeviceID.syntax), or npu:N,npu:M")
        }
        return DeviceList(devices)
    }
}

extension PassDivision {
    /// - Throws: `ValidationError`, which says what is expected.
    public func read(_ text: String) throws -> Int {
        guard let ranks = Int(text), choices.contains(ranks) else { throw ValidationError("\"\(text)\" should be \(explanation)") }
        return ranks
    }

    /// - Throws: `ValidationError` for several ranks by Ulysses and by tensor parallelism.
    public static func check(ulyssesDegree: Int, tensorParallelSize: Int) throws {
        guard ulyssesDegree > 1, tensorParallelSize > 1 else { return }
        throw ValidationError(
            "\(ulysses.flag) \(ulyssesDegree) with \(tensorParallel.flag) \(tensorParallelSize); one of the two at a time")
    }
}

extension Collectives {
    /// - Throws: `ValidationError`, which says what is expected.
    public static func readTimeout(_ text: String) throws -> Int {
        guard let seconds = Int(text), timeouts.contains(seconds) else {
            throw ValidationError("\"\(text)\" is no time to wait for other devices: \(timeoutExplanation)")
        }
        return seconds
    }
}

extension ByteCount {
    /// - Throws: `ValidationError`, which says what is expected.
    public static func read(_ text: String) throws -> ByteCount {
        guard let count = ByteCount(text) else { throw ValidationError("\"\(text)\" is no amount of memory: \(syntax)") }
        return count
    }
}
