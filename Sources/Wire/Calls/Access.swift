public import Domain

/// Who may call a method.
public enum Access: Sendable, Hashable {
    /// Whoever can connect, without a key.
    case everybody
    /// Where the server asks for keys, callers with any key; callers on the Unix socket need none.
    case anyKey
    /// Callers whose key has the scope. Of those without a key: callers on the Unix socket, whom the mode of its folder has let in; where the
    /// server asks for no keys all others too, unless the scope is one for operators.
    case scope(Scope)
}

extension Methods {
    /// Who may call a method, by its full name: `glm.v1.Gateway/Generate`. One that the contract does not know changes the fleet.
    public static func access(to method: String) -> Access {
        // Written by hand, so not in the table.
        if Reflection.services.contains(where: { method.hasPrefix($0 + "/") }) { return .everybody }
        return access[method] ?? .scope(.fleetWrite)
    }
}
