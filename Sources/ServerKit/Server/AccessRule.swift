public import Wire

/// Who may do what, until there are keys: callers on the Unix socket are operators, for the mode of its folder has let them in. Those
/// that come over a network are not, unless the server was started with `--admin`, or they have shown a certificate where that is enough.
public struct AccessRule: Sendable, Hashable {
    /// Everybody is an operator.
    let admin: Bool
    /// A verified certificate makes an operator.
    var certificateIsEnough = false

    public func isOperator(_ caller: Caller) -> Bool { admin || caller.isLocal || certificateIsEnough && caller.isCertified }

    /// - Throws: PERMISSION_DENIED for an operator's method that anybody else calls.
    func check(_ call: ServerCall) throws(CallError) {
        guard Methods.access(to: call.method) == .operators, !isOperator(call.caller) else { return }
        throw CallError(
            .permissionDenied, "\(call.method) is for operators: call it over the server's Unix socket, or start the server with --admin")
    }
}
