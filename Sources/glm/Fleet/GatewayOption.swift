import ArgumentParser
import Foundation
import ServerKit
import Wire

/// Which running gateway is meant, for commands that need one.
struct GatewayOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "unix:PATH, https://HOST:PORT, or HOST:PORT where nothing is encrypted. Default: GLM_GATEWAY, else the one of the run directory.",
            valueName: "address"))
    var gateway: String?

    @OptionGroup var key: KeyOption
    @OptionGroup var tls: TLSFileOptions

    func validate() throws { try GatewayAddress.check(gateway) }

    func address() throws -> Address { try GatewayAddress(gateway).address }

    /// Runs `body` with a connection; what the gateway refuses, and a gateway that is not there, are said in plain words.
    /// - Parameter isSafe: to run it again, where the gateway is restarted meanwhile, does no more than to run it once.
    func calling<R: Sendable>(isSafe: Bool = false, _ body: @Sendable (StageConnection) async throws -> R) async throws -> R {
        let address = try address()
        let door = GatewayDoor(address: address, key: try key.text(for: address), tls: try address.tls(tls.files)) { Screen(quiet: false).say($0) }
        return try await door.openExisting(.answers).calling(while: { isSafe }, body)
    }
}

/// A gateway's address, and who named it.
struct GatewayAddress {
    let address: Address
    /// By an option or by `GLM_GATEWAY`; else it is the run directory's, which needs none.
    let isNamed: Bool

    /// - Throws: `ValidationError`
    init(_ option: String?, environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        if let option {
            address = try Self.parse(option, "--gateway")
            isNamed = true
        } else if let named = environment["GLM_GATEWAY"], !named.isEmpty {
            address = try Self.parse(named, "GLM_GATEWAY")
            isNamed = true
        } else {
            address = .unix(path: RunDirectory.standard(environment: environment).path + "/gateway.sock")
            isNamed = false
        }
    }

    static func check(_ option: String?) throws {
        if let option { _ = try parse(option, "--gateway") }
    }

    private static func parse(_ text: String, _ name: String) throws -> Address {
        do { return try Address(parsing: text) } catch { throw ValidationError("\(name): \(error)") }
    }
}
