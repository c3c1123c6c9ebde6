import ArgumentParser
import ServerKit
import Wire

extension GatewayCommand {
    /// Without keys nobody from elsewhere can connect.
    /// - Throws: `ValidationError`, which says what to do.
    func checkKeys() throws {
        guard keys == nil else {
            if server.admin { throw ValidationError("--admin is for servers without --keys; give a key the scopes fleet:read and fleet:write") }
            return
        }
        for (flag, text) in [("--listen", server.listen), ("--http", http)] {
            guard let text, let address = try? Address(parsing: text), !address.isLoopback else { continue }
            throw ValidationError(
                "\(flag) \(text) can be reached from elsewhere, which takes --keys FILE (glm keys add NAME --keys FILE makes one); without keys listen on 127.0.0.1, or give a Unix socket to --listen"
            )
        }
    }
}
