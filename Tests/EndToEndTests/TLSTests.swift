import Domain
import Foundation
import GLMClient
import Processes
import TLS
import TestSupport
import Testing
import Wire

/// Encryption between the real programs, with certificates that `openssl` makes.
@Suite(.timeLimit(.minutes(3)), .serialized, .enabled(if: Certificates.canBeMade, "there is no /usr/bin/openssl"))
struct TLSTests {
    private let scratch: Scratch
    private let certificates: Certificates
    private let server: Certificates.Pair

    init() throws {
        scratch = try Scratch()
        certificates = try Certificates(in: scratch.path)
        server = try certificates.pair("server")
    }

    private var trusting: [String] { ["--ca", certificates.authority] }

    private func start(_ pair: Certificates.Pair? = nil, _ flags: [String] = []) async throws -> RunningFleet {
        try await RunningFleet.start(
            "text,diffusion", in: scratch, ["--exit-with-parent", "--listen", "127.0.0.1:0"] + (pair?.flags() ?? []) + flags)
    }

    private func port(_ fleet: RunningFleet) throws -> Substring { try #require(fleet.announced.split(separator: ":").last) }

    /// What `glm` says where it draws nothing.
    private func refusal(_ gateway: String, _ flags: [String]) async throws -> String {
        let output = scratch.file("none.png")
        let result = try await Program.run(
            "glm", ["generate", "x", "--size", "64x64", "--steps", "1", "-o", output, "--gateway", gateway] + flags, in: scratch)
        #expect(result.exit == .code(1))
        #expect(!FileManager.default.fileExists(atPath: output))
        return result.error
    }

    @Test("GLMClient and glm draw a picture over TLS, by the name and by the address that the certificate is for")
    func draws() async throws {
        let fleet = try await start(server)
        #expect(fleet.announced.hasPrefix("https://127.0.0.1:"))
        let client = try GLMClient(fleet.announced, tls: ClientTLSFiles(authorities: certificates.authority))
        let image = try await client.generate("a red circle", parameters: ImageOptions(height: 64, width: 64, steps: 2, seed: 1))
        #expect(image.image.starts(with: [0x89, 0x50]))
        await client.close()
        let output = scratch.file("a.png")
        let result = try await Program.run(
            "glm", ["generate", "a red circle", "--size", "64x64", "--steps", "2", "--seed", "1", "-o", output] + trusting, in: scratch,
            environment: ["GLM_GATEWAY": "https://localhost:\(try port(fleet))"])
        #expect(result.exit == .code(0))
        #expect(try scratch.bytes("a.png").starts(with: [0x89, 0x50]))
        await fleet.stop()
    }

    @Test("why there is no TLS is said in plain words, and at once")
    func failures() async throws {
        let fleet = try await start(server)
        let (secure, plain) = ("https://localhost:\(try port(fleet))", "localhost:\(try port(fleet))")
        let stranger = try Certificates(in: scratch.path, name: "stranger").authority
        #expect(try await refusal(secure, []).hasSuffix("its certificate was issued by nobody who is trusted here"))
        #expect(try await refusal(secure, ["--ca", stranger]).hasSuffix("its certificate was issued by nobody who is trusted here"))
        #expect(try await refusal(plain, []).hasSuffix("it speaks TLS; its address is \(secure)"))
        #expect(try await refusal(plain, trusting).contains("certificates are for addresses https://HOST:PORT"))
        #expect(try await refusal(secure, ["--ca", server.key]).hasSuffix("holds no certificates in PEM"))
        await fleet.stop()
    }

    @Test("a certificate of another name, and one that has expired, are told", arguments: [("name", 1), ("old", -1)])
    func wrongCertificate(kind: String, days: Int) async throws {
        let fleet = try await start(try certificates.pair(kind, for: kind == "name" ? ["DNS:elsewhere.example"] : ["DNS:localhost"], days: days))
        let error = try await refusal("https://localhost:\(try port(fleet))", trusting)
        #expect(error.contains(kind == "name" ? "its certificate is not for localhost" : "its certificate expired at 20"))
        await fleet.stop()
    }

    @Test("TLS to a gateway that speaks none is told")
    func plaintextServer() async throws {
        let fleet = try await start()
        #expect(try await refusal("https://localhost:\(try port(fleet))", trusting).contains("it does not speak TLS"))
        await fleet.stop()
    }

    @Test("with --tls-client-ca a caller without a certificate, or with a stranger's, is refused; one with a certificate is no operator of a gateway")
    func clientCertificates() async throws {
        let fleet = try await start(server, ["--tls-client-ca", certificates.authority])
        let address = "https://localhost:\(try port(fleet))"
        let own = try certificates.pair("client")
        let strangers = try Certificates(in: scratch.path, name: "stranger").pair("strange")
        #expect(try await refusal(address, trusting).hasSuffix("it asks for a client certificate, and there is none"))
        #expect(try await refusal(address, trusting + strangers.flags("--client")).hasSuffix("it refuses this side's client certificate"))
        let client = try GLMClient(
            address, tls: ClientTLSFiles(authorities: certificates.authority, certificate: own.certificate, key: own.key))
        #expect(try await client.generate("x", parameters: ImageOptions(height: 64, width: 64, steps: 1)).image.isEmpty == false)
        let error = await #expect(throws: CallError.self) { try await client.status() }
        #expect(error?.status == .permissionDenied)
        await client.close()
        await fleet.stop()
    }

    @Test("a new certificate serves the next connection, and the old connection lives; half of a new pair changes nothing")
    func reload() async throws {
        let fleet = try await start(server)
        let address = try Address(parsing: "https://localhost:\(try port(fleet))")
        let old = try StageConnection(to: address, tls: address.tls(ClientTLSFiles(authorities: certificates.authority)))
        #expect(try await StageClient(old).describe().kind == "gateway")

        // Another authority's: who trusts the old one alone does not take it.
        let others = try Certificates(in: scratch.path, name: "next")
        let next = try others.pair("next-server")
        try Data(contentsOf: URL(fileURLWithPath: next.certificate)).write(to: URL(fileURLWithPath: server.certificate))
        _ = try await fleet.program.error { $0.contains("the last good one stays") && $0.contains("is not the private key") }
        #expect(try await StageClient(old).describe().kind == "gateway")
        try Data(contentsOf: URL(fileURLWithPath: next.key)).write(to: URL(fileURLWithPath: server.key))
        _ = try await fleet.program.error { $0.contains("TLS certificate is in use") }

        #expect(try await StageClient(old).describe().kind == "gateway")
        let new = try StageConnection(to: address, tls: address.tls(ClientTLSFiles(authorities: others.authority)))
        #expect(try await StageClient(new).describe().kind == "gateway")
        #expect(try await refusal("\(address)", trusting).hasSuffix("issued by nobody who is trusted here"))
        for connection in [old, new] { await connection.close() }
        await fleet.stop()
    }

    @Test("a gateway draws with stages elsewhere over mutual TLS, and its certificate lets it drain them")
    func remoteStages() async throws {
        let own = try certificates.pair("gateway")
        var stages: [Program] = []
        var addresses: [String] = []
        for kind in ["text", "diffusion"] {
            let stage = try Program(
                "glm-\(kind)",
                ["--run-directory", scratch.file("stages"), "--model", Binaries.model, "--listen", "127.0.0.1:0", "--exit-with-parent"]
                    + server.flags() + ["--tls-client-ca", certificates.authority], in: scratch)
            addresses.append(String(try await stage.output { $0.hasPrefix("ready ") }.dropFirst("ready ".count)))
            stages.append(stage)
        }
        let gateway = try Program(
            "glm-gateway",
            ["--run-directory", scratch.file("run"), "--exit-with-parent", "--stage-tls-ca", certificates.authority]
                + own.flags("--stage-tls") + addresses.flatMap { ["--stage", $0] }, in: scratch)
        _ = try await gateway.output { $0.hasPrefix("ready ") }
        let connection = try StageConnection(to: .unix(path: scratch.file("run") + "/gateway.sock"))
        while try await GatewayClient(connection).status().stages.count(where: { $0.health == .serving }) < 2 {
            try await Task.sleep(for: .milliseconds(5))
        }
        let request = GenerateImageRequest(prompt: "x", parameters: ImageOptions(height: 64, width: 64, steps: 1, seed: 1))
        #expect(try await GatewayClient(connection).generate(request, CallSettings(timeout: .seconds(30))).image.isEmpty == false)
        let text = try Address(parsing: addresses[0])
        let operating = try StageConnection(
            to: text, tls: text.tls(ClientTLSFiles(authorities: certificates.authority, certificate: own.certificate, key: own.key)))
        _ = try await StageClient(operating).drain(DrainRequest())
        #expect(await stages[0].child.exit.value == .code(0))
        for connection in [operating, connection] { await connection.close() }
        for program in [gateway, stages[1]] { _ = await program.child.stop(grace: .seconds(10)) }
    }

    @Test("nothing listens without encryption where others can reach it, and a key that others can read is none")
    func refusedAtTheStart() async throws {
        let folder = ["--run-directory", scratch.file("run")]
        for (flag, program) in [("--listen", "glm-gateway"), ("--http", "glm-gateway"), ("--listen", "glm-text")] {
            let model = program == "glm-text" ? ["--model", Binaries.model] : []
            let result = try await Program.run(program, folder + model + [flag, "0.0.0.0:0"], in: scratch)
            #expect(result.exit == .code(2))
            #expect(result.errors.contains { $0.contains("give --tls-certificate and --tls-key, or say --insecure-plaintext") })
        }
        #expect(chmod(server.key, 0o644) == 0)
        let result = try await Program.run("glm-gateway", folder + ["--listen", "127.0.0.1:0"] + server.flags(), in: scratch)
        #expect(result.error.hasSuffix("server.key may be read or written by others (mode 644); chmod 600 or 640 it"))
    }

    @Test("over HTTP/2 and HTTP/1.1, with TLS or without, a picture is made, and ends when its client leaves", arguments: [true, false])
    func http(encrypted: Bool) async throws {
        let curl = "/usr/bin/curl"
        try #require(FileManager.default.isExecutableFile(atPath: curl), "there is no \(curl)")
        let fleet = try await RunningFleet.start(
            "text,diffusion", in: scratch, ["--exit-with-parent", "--http", "127.0.0.1:0"] + (encrypted ? server.flags() : []))
        let line = try await fleet.program.error { $0.contains("served over HTTP") }
        let url = String(try #require(line.firstMatch(of: /https?:\/\/127[0-9.]+:\d+/)).output)
        #expect(url.hasPrefix("https") == encrypted)
        let small = #"{"prompt":"x","size":"64x64","num_inference_steps":1}"#
        let large = #"{"prompt":"x","size":"512x512","num_inference_steps":200}"#
        for version in ["--http1.1", encrypted ? "--http2" : "--http2-prior-knowledge"] {
            func ask(_ body: String) throws -> ChildProcess {
                try ChildProcess(
                    name: "curl", executable: curl,
                    arguments: [
                        "-sS", version, "--cacert", certificates.authority, "-H", "content-type: application/json", "-d", body, "-o", "/dev/null",
                        "-w",
                        "%{http_code} %{http_version}\n", "\(url)/v1/images/generations",
                    ])
            }
            let asked = try ask(small)
            for await line in asked.output { #expect(line == "200 \(version == "--http1.1" ? "1.1" : "2")") }
            let leaving = try ask(large)
            try await fleet.waitForStages { $0.contains { $0.inFlight > 0 } }
            await leaving.stop(grace: .zero)
            try await fleet.waitForStages { $0.allSatisfy { $0.inFlight == 0 } }
        }
        await fleet.stop()
    }
}
