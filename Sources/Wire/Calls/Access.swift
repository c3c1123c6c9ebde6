/// Who may call a method.
public enum Access: Sendable, Hashable {
    /// Whoever can connect.
    case everybody
    /// Callers on the Unix socket, whom the mode of its folder has let in; others only where the server was started with `--admin`.
    case operators
}

extension Methods {
    /// Who may call a method, by its full name: `glm.v1.Gateway/Generate`. One that the contract does not know is for operators.
    public static func access(to method: String) -> Access {
        // Written by hand, so not in the table.
        if Reflection.services.contains(where: { method.hasPrefix($0 + "/") }) { return .everybody }
        return access[method] ?? .operators
    }
}
