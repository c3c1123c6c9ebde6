import ArgumentParser
import ServerKit
import Testing

@Suite struct TLSOptionsTests {
    @Test(
        "an address that others can reach takes encryption, unless told otherwise",
        arguments: ["0.0.0.0:1", "10.0.0.7:1", "[::]:1", "host.example:1", "127.0.0.1.evil.example:1"])
    func reachable(address: String) throws {
        let error = #expect(throws: (any Error).self) { try ServerOptions.parse(["--listen", address]) }
        let message = error.map { ServerOptions.fullMessage(for: $0) } ?? ""
        #expect(
            message.contains("--listen \(address) can be reached") && message.contains("--tls-certificate")
                && message.contains("--insecure-plaintext"))
        _ = try ServerOptions.parse(["--listen", address, "--insecure-plaintext"])
        _ = try ServerOptions.parse(["--listen", address, "--tls-certificate", "c", "--tls-key", "k"])
    }

    @Test("loopback addresses and Unix sockets take none", arguments: ["127.0.0.1:1", "127.9.8.7:1", "localhost:1", "[::1]:1", "unix:a.sock"])
    func loopback(address: String) throws { _ = try ServerOptions.parse(["--listen", address]) }

    @Test(
        "flags that need each other are told so",
        arguments: [
            (["--tls-certificate", "c"], "--tls-certificate and --tls-key are given together"),
            (["--tls-key", "k"], "--tls-certificate and --tls-key are given together"),
            (["--tls-client-ca", "a"], "--tls-client-ca needs --tls-certificate"),
            (["--listen", "https://localhost:1"], "--listen is HOST:PORT, without https://"),
        ])
    func together(arguments: [String], message: String) {
        let error = #expect(throws: (any Error).self) { try ServerOptions.parse(arguments) }
        #expect(error.map { ServerOptions.fullMessage(for: $0).contains(message) } == true)
    }
}
