public import Checkpoint
public import Domain
public import Foundation
import Imaging
public import Tensor
import GLMImage

/// Runs each part of the model on a reference file's inputs and compares with its outputs.
///
/// Every part takes its inputs from the file, not from the part before it, so that one error does not hide the next; only
/// the last check runs the chain through.
public struct Verifier {
    let model: ModelFolder
    let reference: ReferenceFile
    let device: any Device
    /// Of the diffusion part, and of the text part, ``device`` the first of each.
    let diffusion, text: DeviceGroup
    /// How the ranks of ``diffusion`` divide a pass.
    let division: PassDivision
    let precision: Precision
    let tolerance: Tolerance

    /// - Parameters:
    ///   - diffusion: devices of the diffusion part, `device` the first of them; nil: `device` alone.
    ///   - division: how they divide a pass.
    ///   - text: devices of the text part.
    public init(
        model: ModelFolder, reference: URL, device: any Device, diffusion: DeviceGroup? = nil, dividing division: PassDivision = .ulysses,
        text: DeviceGroup? = nil, precision: Precision
    ) throws {
        self.model = model
        self.reference = try ReferenceFile(reference)
        let task = self.reference.task
        guard task.pipeline == model.pipeline else {
            throw VerificationError(
                "\(reference.lastPathComponent): task \(task.rawValue) is not one of the model in \(model.url.path), whose pipeline is \(model.pipeline.rawValue)"
            )
        }
        self.device = device
        self.diffusion = diffusion ?? DeviceGroup(device)
        self.division = division
        self.text = text ?? DeviceGroup(device)
        self.precision = precision
        // A component that can't be read fails in its own rows.
        tolerance = Tolerance(precision, model.weightComponents.compactMap { try? model.weights($0).quantization })
    }

    /// All verdicts, in the order of the model's data flow.
    /// - Parameters:
    ///   - only: names of parts, as in their costs; nil: all parts.
    ///   - report: called with each as it comes.
    ///   - timed: called behind each part.
    @discardableResult
    public func run(only: Set<String>? = nil, report: (Verdict) -> Void = { _ in }, timed: (PartCost) -> Void = { _ in }) -> [Verdict] {
        var verdicts: [Verdict] = []
        let parts: [(name: String, check: (Report) -> Void)] =
            reference.task == .visualQuestion
            ? [("question", checkQuestion), ("tower", checkTower), ("answer", checkAnswer)]
            : [("processor", checkProcessor), ("vision", checkVision), ("text", checkText), ("diffusion", checkDiffusion)]
        for part in parts where only?.contains(part.name) ?? true {
            timed(
                PartCost(part.name, on: device) {
                    part.check { verdict in
                        verdicts.append(verdict)
                        report(verdict)
                    }
                })
        }
        return verdicts
    }

    typealias Report = (Verdict) -> Void

    /// Reports on one row: absent, compared, or failed with what was thrown.
    func check(_ name: String, _ report: Report, _ compare: (String) throws -> Verdict) {
        guard reference.has(name) else { return report(.absent(name)) }
        do { report(try compare(name)) } catch { report(.failure(name, error)) }
    }

    /// The model part that rows share, or a failure on each of the rows that are there.
    func load<Part>(_ names: [String], _ report: Report, _ make: () throws -> Part) -> Part? {
        do { return try make() } catch {
            for name in names { report(reference.has(name) ? .failure(name, error) : .absent(name)) }
            return nil
        }
    }

    func relative(_ name: String, _ ours: [Float], limit: Double? = nil) throws -> Verdict {
        .relative(name, ours, try reference.floats(name), limit: limit ?? tolerance.relative)
    }

    func equal(_ name: String, _ ours: [Int]) throws -> Verdict { .equal(name, ours, try reference.integers(name)) }
}
