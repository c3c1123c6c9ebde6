import Foundation
import Wire

/// Who started this process and waits to hear from it, such as systemd: the sockets that it has opened, and where it hears.
///
/// Without libsystemd: the protocols are variables, descriptors and datagrams (sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3)).
public struct ServiceManager: Sendable {
    /// Nil: it doesn't listen.
    let notices: NoticeSocket?
    /// It ends a process from which it has heard no ``Notice/alive`` for so long; nil: it doesn't watch.
    let watchdog: Duration?
    public let sockets: InheritedSockets

    /// - Parameters:
    ///   - variables: as the process got them.
    ///   - processID: its own: what was meant for another is passed over.
    package init(_ variables: [String: String], processID: Int32) throws(ServerKitError) {
        notices = if let name = variables["NOTIFY_SOCKET"], !name.isEmpty { try NoticeSocket(name) } else { nil }
        watchdog = try Self.watchdog(variables, processID)
        sockets = try InheritedSockets(ListenVariables(variables, processID: processID))
    }

    /// One that has opened sockets, and does no more.
    package init(holding sockets: InheritedSockets) {
        (notices, watchdog) = (nil, nil)
        self.sockets = sockets
    }

    /// Of this process. The variables are gone from its environment afterwards, so that no child takes them for its own.
    static let ofThisProcess: Result<ServiceManager, ServerKitError> = {
        let variables = ProcessInfo.processInfo.environment
        for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"] { unsetenv(name) }
        return Result { () throws(ServerKitError) in try ServiceManager(variables, processID: getpid()) }
    }()

    /// Takes over what was handed to this process, before it starts others.
    public static func adopt() throws(ServerKitError) { _ = try ofThisProcess.get() }

    private static func watchdog(_ variables: [String: String], _ processID: Int32) throws(ServerKitError) -> Duration? {
        guard let text = variables["WATCHDOG_USEC"] else { return nil }
        if let process = variables["WATCHDOG_PID"], process != "\(processID)" { return nil }
        guard let microseconds = Int64(text), microseconds > 0 else {
            throw ServerKitError(.serviceManager, "WATCHDOG_USEC is \"\(text)\"; a number of microseconds above 0")
        }
        return .microseconds(microseconds)
    }
}

/// Which descriptors a process was given: from 3 on, with a name each.
package struct ListenVariables: Sendable, Hashable {
    /// Of each, in the order of the descriptors; empty where none were given.
    package let names: [String]

    package static let firstDescriptor: Int32 = 3
    private static let mostDescriptors = 64

    /// - Parameter processID: what was given to another process, and came here by its environment, counts as nothing.
    package init(_ variables: [String: String], processID: Int32) throws(ServerKitError) {
        guard let text = variables["LISTEN_FDS"] else {
            names = []
            return
        }
        guard let process = variables["LISTEN_PID"], Int32(process) != nil else {
            throw ServerKitError(
                .serviceManager, "LISTEN_FDS is set, but LISTEN_PID is \"\(variables["LISTEN_PID"] ?? "")\"; the id of a process")
        }
        guard process == "\(processID)" else {
            names = []
            return
        }
        guard let count = Int(text), (0...Self.mostDescriptors).contains(count) else {
            throw ServerKitError(.serviceManager, "LISTEN_FDS is \"\(text)\"; 0 to \(Self.mostDescriptors)")
        }
        let named = variables["LISTEN_FDNAMES"].map { $0.isEmpty ? [] : $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init) }
        if let named, named.count != count {
            throw ServerKitError(
                .serviceManager, "LISTEN_FDNAMES has \(named.count) names and LISTEN_FDS is \(count); a name for each, colons between")
        }
        names = named ?? Array(repeating: "unknown", count: count)
    }
}
