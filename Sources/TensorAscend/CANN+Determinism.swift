import CAscend
import Domain
import Tensor

extension CANN {
    /// Asks for a level of determinism, for the process and for a device's context: which of the two an operator reads is not
    /// documented. All devices of a process therefore compute with the level of the one that was made last.
    ///
    /// - Parameters:
    ///   - wanted: nil: the highest that this release takes.
    ///   - name: of the device, for messages.
    /// - Returns: the level that was taken.
    /// - Throws: `DeviceError` for a level that was asked for and is not taken.
    func setDeterminism(_ wanted: DeterminismLevel?, in context: aclrtContext, _ name: String) throws(DeviceError) -> DeterminismLevel {
        guard let wanted else { return DeterminismLevel.allCases.reversed().first { takes($0, in: context) } ?? .off }
        if takes(wanted, in: context) { return wanted }
        let levels = DeterminismLevel.allCases.filter { takes($0, in: context) }.map(\.description).joined(separator: ", ")
        throw DeviceError(.unavailable, "\(name): this CANN does not take --deterministic \(wanted); it takes \(levels)")
    }

    /// A release without these functions computes as at level 0.
    private func takes(_ level: DeterminismLevel, in context: aclrtContext) -> Bool {
        guard let setProcess = api.pointee.aclrtSetSysParamOpt, let setContext = api.pointee.aclrtCtxSetSysParamOpt else { return level == .off }
        let value = Int64(level.rawValue)
        return ca_enter(api, context) == 0 && setProcess(ACL_OPT_DETERMINISTIC, value) == 0 && setContext(ACL_OPT_DETERMINISTIC, value) == 0
    }
}
