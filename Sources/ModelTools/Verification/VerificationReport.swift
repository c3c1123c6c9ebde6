public import Devices
import Domain
public import Foundation
import Tensor

/// What can be sent to others of a verification: what computed, which rows held, which bits were equal, how many calls and how much time
/// that took. Or why it could not begin. No prompt, no picture, no name of a host or a folder: texts that come from elsewhere pass a ``Redaction``.
public struct VerificationReport: Sendable, Encodable {
    private struct Card: Encodable {
        let chip: String
        let cann, driver: String?
        let memory, freeMemory: Int?
        let determinism: Int?
        let missing, fallbacks: [String]
        let rowComparisons: [RowComparison]
    }

    private let version, machine, precision: String
    /// Nil where there was none to compute.
    private let device: Card?
    /// Why the verification could not begin.
    private let error: String?
    private let fingerprints: [String: String]
    private let holds: Bool
    private let rows: [Verdict]
    private let parts: [PartCost]

    /// - Parameters:
    ///   - version: of this system.
    ///   - folders: of the model and the reference; their names are taken out wherever a text has them.
    public init(
        version: String, device: DeviceReport, precision: String, fingerprints: [String: String], rows: [Verdict], parts: [PartCost], folders: [URL]
    ) {
        self.init(
            version: version, device: device, precision: precision, fingerprints: fingerprints, rows: rows, parts: parts,
            redaction: .ofThisHost(and: folders.flatMap { [$0.path, $0.lastPathComponent] }))
    }

    /// Of a verification that could not begin, for there was no device to compute.
    /// - Parameters:
    ///   - precision: that was asked for.
    ///   - error: why the device could not be made.
    ///   - folders: as above.
    public init(version: String, precision: String, fingerprints: [String: String], error: any Error, folders: [URL]) {
        self.init(
            version: version, precision: precision, fingerprints: fingerprints, error: error,
            redaction: .ofThisHost(and: folders.flatMap { [$0.path, $0.lastPathComponent] }))
    }

    package init(version: String, precision: String, fingerprints: [String: String], error: any Error, redaction: Redaction) {
        self.version = version
        self.precision = precision
        self.fingerprints = fingerprints
        self.error = redaction("\(error)")
        machine = Self.machine
        device = nil
        holds = false
        rows = []
        parts = []
    }

    package init(
        version: String, device: DeviceReport, precision: String, fingerprints: [String: String], rows: [Verdict], parts: [PartCost],
        redaction: Redaction
    ) {
        self.version = version
        self.precision = precision
        self.fingerprints = fingerprints
        self.parts = parts
        error = nil
        machine = Self.machine
        holds = !rows.contains { $0.outcome == .fails }
        self.rows = rows.map { Verdict(name: $0.name, outcome: $0.outcome, error: $0.error, limit: $0.limit, detail: redaction($0.detail)) }
        self.device = Card(
            chip: device.chip, cann: device.cann, driver: device.driver, memory: device.memory, freeMemory: device.freeMemory,
            determinism: device.determinism?.rawValue, missing: device.missing, fallbacks: device.fallbacks.map { redaction($0) },
            rowComparisons: device.rowComparisons.map { row in
                row.reason.map { RowComparison(row.name, notCompared: redaction($0)) } ?? row
            })
    }

    /// The processor's architecture: `aarch64`.
    private static let machine: String = {
        var names = utsname()
        guard uname(&names) == 0 else { return "" }
        return withUnsafeBytes(of: &names.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }()

    /// One object, its keys in `snake_case` and in alphabetical order.
    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return try encoder.encode(self)
    }
}
