import Foundation
import Tensor

/// Runs each operation of a device and compares with the host: an operator that is missing, refused or silently wrong on this chip and
/// with this version of CANN is found here, not in a picture.
///
/// Compositions must be right, or the device can't be used. A fused operator that is wrong is not used. There are public reports of
/// fused attention that ignores a mask behind key 512, so its inputs are longer than that.
struct SelfTest {
    let device: AscendDevice
    private static let exactLimit = 1e-3, roundedLimit = 2e-2

    init(_ device: AscendDevice) { self.device = device }

    /// Decides `device.fused`.
    /// - Parameter report: called with each fused operator that is not used, and the reason.
    /// - Throws: `DeviceError` if an operation has no correct implementation.
    func run(_ extent: SelfTestExtent, _ report: (String) -> Void) throws {
        let wanted = device.fused
        device.fused = .none
        for (name, check) in compositions { try require(name, check) }
        for (name, flag, check) in fusedChecks where wanted[keyPath: flag] {
            device.fused[keyPath: flag] = true
            if let reason = try failure(of: check) {
                device.fused[keyPath: flag] = false
                report("\(name): \(reason)")
            }
        }
        if extent == .full { try runRealShapes(report) }
    }

    /// - Throws: `DeviceError` unless the operation is right.
    func require(_ name: String, _ check: () throws -> Double) throws {
        let error: Double
        do { error = try check() } catch let failure as DeviceError {
            throw DeviceError(.unavailable, "\(device.name), \(device.information.chip): self-test of \(name): \(failure)")
        }
        guard error <= limit else {
            throw DeviceError(
                .unavailable, "\(device.name), \(device.information.chip): self-test of \(name): error \(error) of the largest value, limit \(limit)")
        }
    }

    private var limit: Double { device.reducedType == nil ? SelfTest.exactLimit : SelfTest.roundedLimit }

    /// Why a fused operator can't be used, or nil.
    func failure(of check: () throws -> Double) throws -> String? {
        let refusals = device.stream.refusals
        do {
            let error = try check()
            if device.stream.refusals > refusals { return "missing, or refused: \(device.stream.lastRefusal)" }
            return error <= limit ? nil : "error \(error) of the largest value, limit \(limit)"
        } catch let failure as DeviceError where failure.kind != .lost {
            return failure.message
        }
    }

    private var compositions: [(String, () throws -> Double)] {
        [
            ("linear", linear), ("embed and scatter", tables), ("RMSNorm", rmsNorm), ("sum and RMSNorm", addRMSNorm), ("LayerNorm", layerNorm),
            ("rotate", { try rotate(.halves) }), ("rotate the last rows", rotateEnd),
            ("rotate interleaved pairs", { try rotate(.interleaved) }), ("gated", gated),
            ("attention", { try attention(rows: 40, keys: 50, causal: false) }),
            ("causal attention", { try attention(rows: 40, keys: 50, causal: true) }),
            ("attention with bias", biasedAttention), ("paged attention", paged), ("convolution", convolution), ("GroupNorm", groupNorm),
            ("argmax", argmax), ("sampling", sampling), ("residuals", residuals),
        ]
    }

    private var fusedChecks: [(String, WritableKeyPath<FusedOperators, Bool>, () throws -> Double)] {
        var checks: [(String, WritableKeyPath<FusedOperators, Bool>, () throws -> Double)] = [
            ("fused rotation", \.rotary, { max(try rotate(.halves), try rotateEnd()) }),
            ("fused rotation of interleaved pairs", \.interleavedRotary, { try rotate(.interleaved) }), ("SwiGLU", \.swiGlu, gated),
            ("GroupNorm with SiLU", \.groupNormSilu, groupNorm), ("sum and RMSNorm in one", \.addRMSNorm, addRMSNorm),
            ("sampling on the device", \.sampling, sampling),
        ]
        if device.reducedType != nil {
            checks += [
                ("fused attention", \.attention, { try attention(rows: 70, keys: 600, causal: false) }),
                ("fused causal attention", \.causalAttention, { try attention(rows: 540, keys: 600, causal: true) }),
                ("fused paged attention", \.pagedAttention, paged),
            ]
        }
        return checks
    }
}
