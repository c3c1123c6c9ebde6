import Domain
import Foundation
package import Keys
public import Wire

/// Who may do what at a server, whichever way a call comes: gRPC or HTTP.
///
/// With a key file, every call over a network that does more than ask for health or a description needs a key with the right scope. Callers on
/// the Unix socket are operators, for the mode of its folder has let them in; a key that they send counts all the same. Without a key file,
/// callers over a network may do all that is not for operators, and that too where the server was started with `--admin`.
public struct AccessRule: Sendable {
    /// Without keys, everybody is an operator.
    let admin: Bool
    /// Nil: no keys are asked for.
    let keys: KeyFile?
    /// A certificate that was verified makes an operator.
    let certificateIsEnough: Bool

    package init(admin: Bool = false, keys: KeyFile?, certificateIsEnough: Bool = false) {
        self.admin = admin
        self.keys = keys
        self.certificateIsEnough = certificateIsEnough
    }

    public var hasKeys: Bool { keys != nil }

    /// Who a call is from, if it may be made.
    /// - Parameters:
    ///   - connection: who is at its other end.
    ///   - authorization: values of the call's headers of this name.
    ///   - what: the method, for messages.
    /// - Throws: UNAUTHENTICATED for a key that is missing, unknown or expired; PERMISSION_DENIED for one without the scope, and for an
    ///   operator's method that anybody else calls.
    public func admit(
        _ connection: Caller, authorization: [String], to access: Access, _ what: String
    ) throws(CallError) -> Caller {
        if access == .everybody { return connection }
        let caller = try identify(connection, authorization)
        guard case .scope(let scope) = access else { return caller }
        if let grant = caller.grant {
            guard grant.scopes.contains(scope) else {
                throw CallError(.permissionDenied, "\(what) takes the scope \(scope.rawValue), which this key does not have")
            }
        } else if scope.isForOperators, !isOperator(caller) {
            throw CallError(
                .permissionDenied, "\(what) is for operators: call it over the server's Unix socket, or start the server with --admin")
        }
        return caller
    }

    /// Whether a caller may handle what others have left here.
    public func isOperator(_ caller: Caller) -> Bool {
        caller.grant.map { $0.scopes.contains(.fleetWrite) } ?? (admin || caller.isLocal || certificateIsEnough && caller.isCertified)
    }

    /// The caller by its key; without keys, and on the Unix socket without a key, by its connection.
    private func identify(_ connection: Caller, _ authorization: [String]) throws(CallError) -> Caller {
        guard let keys, !(authorization.isEmpty && connection.isLocal) else { return connection }
        guard !authorization.isEmpty else { throw CallError(.unauthenticated, "a key is needed, in the header \(BearerToken.header): Bearer KEY") }
        guard let text = BearerToken.read(authorization), let key = keys.ring.key(text) else {
            throw CallError(.unauthenticated, "the key is not valid")
        }
        guard !key.isExpired(at: .now) else { throw CallError(.unauthenticated, "the key has expired") }
        return Caller(key.grant)
    }
}
