import Foundation

/// Certificates for a test, made by the program `openssl` in a folder of the test's own: an authority, and whom it vouches for.
public struct Certificates: Sendable {
    /// The test is for machines that have the program.
    public static let canBeMade = FileManager.default.isExecutableFile(atPath: openssl)
    private static let openssl = "/usr/bin/openssl"

    /// Paths of PEM files.
    public struct Pair: Sendable {
        public let certificate: String
        public let key: String

        /// As flags of our programs.
        public func flags(_ prefix: String = "--tls") -> [String] { ["\(prefix)-certificate", certificate, "\(prefix)-key", key] }
    }

    private let folder: String
    /// PEM file of the authority.
    public let authority: String

    public init(in folder: String, name: String = "authority") throws {
        self.folder = folder
        authority = "\(folder)/\(name).pem"
        try Self.run([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "\(folder)/\(name).key", "-out", authority,
            "-days", "1", "-subj", "/CN=\(name)",
        ])
    }

    /// - Parameters:
    ///   - name: of the files; another of the same name replaces them.
    ///   - names: that a server's certificate is for, as in `DNS:localhost`.
    ///   - days: that it is valid; negative: it has expired.
    public func pair(_ name: String, for names: [String] = ["DNS:localhost", "IP:127.0.0.1"], days: Int = 1) throws -> Pair {
        let path = "\(folder)/\(name)"
        let new = "\(path)-new"
        try Self.run([
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "\(new).key", "-out", "\(new).csr", "-subj",
            "/CN=\(name)",
        ])
        try Data("subjectAltName=\(names.joined(separator: ","))\n".utf8).write(to: URL(fileURLWithPath: "\(new).ext"))
        try Self.run([
            "x509", "-req", "-in", "\(new).csr", "-CA", authority, "-CAkey", authority.replacing(".pem", with: ".key"), "-CAcreateserial", "-out",
            "\(new).pem", "-days", "\(days)", "-extfile", "\(new).ext",
        ])
        for ending in ["pem", "key"] { rename("\(new).\(ending)", "\(path).\(ending)") }
        return Pair(certificate: "\(path).pem", key: "\(path).key")
    }

    private static func run(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: openssl)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(arguments: arguments) }
    }

    private struct Failure: Error { let arguments: [String] }
}
