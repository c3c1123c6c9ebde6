import Domain
import Foundation
import Processes
import Testing
import Wire

/// Keys at all doors of a real gateway.
@Suite(.timeLimit(.minutes(3)), .serialized) struct KeyTests {
    private static let picture = GenerateImageRequest(prompt: "a cat", parameters: ImageOptions(height: 64, width: 64, steps: 1, seed: 1))
    private static let question = AnswerQuestionRequest(
        messages: [ChatMessage(role: .user, parts: [.text("what?")])], parameters: AnswerOptions(maxTokens: 2, seed: 1))
    private static let chat = #"{"messages":[{"role":"user","content":"what?"}],"max_tokens":2}"#

    private func status(_ body: () async throws -> Void) async -> CallStatus? {
        do { try await body() } catch { return (error as? CallError)?.status }
        return nil
    }

    @Test("without a key, and with a wrong one, every door tells health and refuses all else")
    func unauthenticated() async throws {
        let (gateway, _) = try await KeyedFleet.start(["k": []])
        for key in [nil, "none", "glm-" + String(repeating: "A", count: 43)] as [String?] {
            let tcp = try gateway.connect(key)
            let jobs = JobsClient(tcp), operations = OperationsClient(tcp)
            #expect(try await HealthClient(tcp).check() == .serving)
            let calls: [() async throws -> Void] = [
                { _ = try await GatewayClient(tcp).generate(Self.picture) }, { _ = try await GatewayClient(tcp).answer(Self.question) },
                { _ = try await GatewayClient(tcp).status() }, { _ = try await jobs.submit(SubmitJobRequest(request: Self.picture)) },
                { _ = try await jobs.get("x") }, { try await jobs.watch("x") { _ in } }, { _ = try await jobs.list() },
                { _ = try await jobs.fetch("x") }, { _ = try await jobs.cancel("x") }, { _ = try await StageClient(tcp).drain(DrainRequest()) },
                { try await operations.scale(ScaleRequest(kind: "text", replicas: 2)) { _ in } },
                { try await operations.drain(DrainStageRequest(stage: "text-0", force: true)) { _ in } },
                { try await operations.swap(SwapRequest(kind: "text", model: Binaries.model)) { _ in } },
            ]
            for (index, call) in calls.enumerated() { #expect(await status(call) == .unauthenticated, "call \(index)") }
            await tcp.close()

            #expect(try await gateway.ask("/health/ready", key).status == 200)
            for (path, body) in [
                ("/v1/images/generations", "{}"), ("/v1/images/edits", "{}"), ("/v1/chat/completions", "{}"), ("/v1/models", nil),
                ("/v1/models/tiny-f32", nil),
            ] as [(String, String?)] {
                let answer = try await gateway.ask(path, key, body)
                #expect(answer.status == 401 && answer.code == "invalid_api_key" && answer.headers["www-authenticate"] == "Bearer", "\(path)")
            }
        }
        await gateway.fleet.stop()
    }

    @Test("each scope opens its own at both doors, whatever the Host; what operates takes fleet:write, and on the Unix socket no key")
    func scopes() async throws {
        let (gateway, keys) = try await KeyedFleet.start([
            "images": ["--scope", "images"], "chat": ["--scope", "chat"], "reader": ["--scope", "fleet:read"], "writer": ["--scope", "fleet:write"],
        ])
        for (name, key) in keys {
            let tcp = try gateway.connect(key)
            let operations = OperationsClient(tcp)
            #expect(await status { _ = try await GatewayClient(tcp).generate(Self.picture) } == (name == "images" ? nil : .permissionDenied))
            #expect(await status { _ = try await GatewayClient(tcp).answer(Self.question) } == (name == "chat" ? nil : .permissionDenied))
            #expect(await status { _ = try await GatewayClient(tcp).status() } == (name == "reader" ? nil : .permissionDenied))
            #expect(await status { _ = try await JobsClient(tcp).list() } == (name == "reader" ? nil : .permissionDenied))
            let changes: [() async throws -> Void] = [
                { try await operations.scale(ScaleRequest(kind: "text", replicas: 1, modelName: "tiny-f32")) { _ in } },
                { try await operations.drain(DrainStageRequest(stage: "none-0")) { _ in } },
                { try await operations.swap(SwapRequest(kind: "text", model: "/none")) { _ in } },
            ]
            for change in changes { #expect(await (status(change) == .permissionDenied) == (name != "writer")) }
            if name != "writer" { #expect(await status { _ = try await StageClient(tcp).drain(DrainRequest()) } == .permissionDenied) }
            await tcp.close()

            let drawn = try await gateway.draw(key), asked = try await gateway.ask("/v1/chat/completions", key, Self.chat)
            #expect(drawn.status == (name == "images" ? 200 : 403) && asked.status == (name == "chat" ? 200 : 403))
            if name != "images" { #expect(drawn.code == "insufficient_permissions" && drawn.message.contains("the scope images")) }
            #expect(try await gateway.ask("/v1/models", key, headers: ["host": "glm.example"]).names == ["tiny-answer-f32", "tiny-f32"])
        }
        #expect(try await gateway.fleet.gateway.status().stages.count == 5)
        let socket = try StageConnection(to: Address(parsing: gateway.fleet.address), key: keys["chat"])
        #expect(await status { _ = try await GatewayClient(socket).status() } == .permissionDenied)
        await socket.close()
        await gateway.fleet.stop()
    }

    @Test("a key for one model sees and uses that one, without naming it; another is as if it were not there")
    func models() async throws {
        let (gateway, keys) = try await KeyedFleet.start(["k": ["--model", "tiny-f32"]])
        let key = try #require(keys["k"])
        #expect(try await gateway.draw(key).status == 200)
        #expect(try await gateway.ask("/v1/models", key).names == ["tiny-f32"])
        let asked = try await gateway.ask("/v1/chat/completions", key, Self.chat)
        #expect(asked.status == 404 && asked.code == "model_not_found" && !asked.message.contains("answer"))
        var messages: Set<String> = []
        for name in ["tiny-answer-f32", "other"] {
            for answer in [
                try await gateway.draw(key, #","model":"\#(name)""#), try await gateway.ask("/v1/models/\(name)", key),
                try await gateway.ask("/v1/chat/completions", key, #"{"model":"\#(name)",\#(Self.chat.dropFirst())"#),
            ] {
                #expect(answer.status == 404 && answer.code == "model_not_found")
                messages.insert(answer.message.replacing(name, with: "NAME"))
            }
        }
        #expect(messages.count == 2, "one from models, one from work: \(messages)")
        let tcp = try gateway.connect(key)
        #expect(try await GatewayClient(tcp).generate(Self.picture).modelName == "tiny-f32")
        #expect(await status { _ = try await GatewayClient(tcp).answer(Self.question) } == .failedPrecondition)
        await tcp.close()
        await gateway.fleet.stop()
    }

    @Test("a key that is added or revoked, and one that has expired, is seen without a restart")
    func reload() async throws {
        let (gateway, keys) = try await KeyedFleet.start(["k": [], "past": ["--expires", "2020-01-01"]])
        #expect(try await gateway.ask("/v1/models", keys["k"]).status == 200)
        let past = try await gateway.ask("/v1/models", keys["past"])
        #expect(past.status == 401 && past.message == "the key has expired")
        let added = try await gateway.add("late")
        #expect(try await gateway.ask("/v1/models", added).status == 200)
        try await gateway.revoke("k")
        #expect(try await gateway.ask("/v1/models", keys["k"]).status == 401)
        let tcp = try gateway.connect(keys["k"])
        #expect(await status { _ = try await GatewayClient(tcp).generate(Self.picture) } == .unauthenticated)
        await tcp.close()
        await gateway.fleet.stop()
    }

    @Test("a key's requests are limited by the minute and its images by the day, together at both doors, through a restart")
    func usage() async throws {
        let scratch = try Scratch()
        let (gateway, keys) = try await KeyedFleet.start(["hurried": ["--per-minute", "2"], "spent": ["--quota", "3"]], in: scratch)
        let first = try await gateway.draw(keys["hurried"])
        #expect(first.headers["x-ratelimit-limit-requests"] == "2" && first.headers["x-ratelimit-remaining-requests"] == "1")
        #expect(first.headers["x-ratelimit-reset-requests"]?.hasSuffix("s") == true)
        let tcp = try gateway.connect(keys["hurried"])
        #expect(await status { _ = try await GatewayClient(tcp).generate(Self.picture) } == nil)
        let refused = await #expect(throws: CallError.self) { try await GatewayClient(tcp).generate(Self.picture) }
        #expect(refused?.status == .resourceExhausted && refused?.retryAfter != nil)
        await tcp.close()
        let limited = try await gateway.draw(keys["hurried"])
        #expect(limited.status == 429 && limited.code == "rate_limit_exceeded" && limited.headers["retry-after-ms"] != nil)
        #expect((1...30).contains(limited.headers["retry-after"].flatMap { Int($0) } ?? 0))
        // Questions about what there is are no work.
        #expect(try await gateway.ask("/v1/models", keys["hurried"]).status == 200)

        #expect(try await gateway.draw(keys["spent"], #","n":11"#).status == 400)
        #expect(try await gateway.draw(keys["spent"], #","n":2"#).status == 200)
        await gateway.fleet.stop()
        let (next, _) = try await KeyedFleet.start([:], in: scratch)
        let spent = try await next.draw(keys["spent"], #","n":2"#)
        #expect(spent.status == 429 && spent.code == "insufficient_quota" && spent.headers["x-should-retry"] == "false")
        #expect(spent.headers["retry-after"] == nil)
        #expect(try await next.draw(keys["spent"]).status == 200)
        await next.fleet.stop()
    }

    @Test("a job is there for the key that left it, whatever its id, and for keys that may change the fleet")
    func jobs() async throws {
        let (gateway, keys) = try await KeyedFleet.start(["a": [], "b": [], "admin": ["--scope", "images,fleet:write"]])
        let a = try gateway.connect(keys["a"]), b = try gateway.connect(keys["b"]), admin = try gateway.connect(keys["admin"])
        let job = try await JobsClient(a).submit(SubmitJobRequest(request: Self.picture))
        #expect(job.id.count == 32)
        try await JobsClient(a).watch(job.id) { _ in }
        #expect(await status { _ = try await JobsClient(b).get(job.id) } == .notFound)
        #expect(await status { _ = try await JobsClient(b).fetch(job.id) } == .notFound)
        #expect(await status { _ = try await JobsClient(b).cancel(job.id) } == .notFound)
        #expect(try await !JobsClient(a).fetch(job.id).image.isEmpty)
        #expect(try await !JobsClient(admin).fetch(job.id).image.isEmpty)
        for connection in [a, b, admin] { await connection.close() }
        await gateway.fleet.stop()
    }

    @Test("glm calls with a key from a file or from GLM_API_KEY, and says where one is missing")
    func client() async throws {
        let (gateway, keys) = try await KeyedFleet.start(["reader": ["--scope", "fleet:read"]])
        let scratch = gateway.fleet.scratch, text = try #require(keys["reader"])
        let status = ["status", "--gateway", gateway.fleet.announced]
        #expect(try await Program.run("glm", status, in: scratch, environment: ["GLM_API_KEY": text]).exit == .code(0))
        try Data("\(text)\n".utf8).write(to: URL(fileURLWithPath: scratch.file("key")))
        #expect(try await Program.run("glm", status + ["--key-file", scratch.file("key")], in: scratch).exit == .code(0))
        let without = try await Program.run("glm", status, in: scratch)
        #expect(without.exit == .code(1) && without.error.contains("a key is needed") && without.error.contains("--key-file"), "\(without.error)")
        // On the socket the operator stays one.
        let local = ["scale", "text", "1", "--model-name", "tiny-f32", "--gateway", gateway.fleet.address]
        let scaled = try await Program.run("glm", local, in: scratch, environment: ["GLM_API_KEY": text])
        #expect(scaled.exit == .code(0), "\(scaled.errors)")
        let list = try await Program.run("glm", ["keys", "list", "--keys", scratch.file("keys.json")], in: scratch)
        #expect(list.output.count == 2 && list.output.last?.hasPrefix("reader  fleet:read") == true && !list.output.joined().contains(text))
        await gateway.fleet.stop()
    }

    @Test("at an address that others can reach the API is served to keys, and metrics to those that may see the fleet")
    func reachable() async throws {
        let (gateway, keys) = try await KeyedFleet.start(
            ["k": [], "reader": ["--scope", "fleet:read"]], http: "0.0.0.0:0", ["--insecure-plaintext"])
        #expect(try await gateway.ask("/health/ready", nil).status == 200)
        #expect(try await gateway.ask("/v1/models", keys["k"]).status == 200)
        for (key, status) in [(nil, 401), (keys["k"], 403), (keys["reader"], 200)] as [(String?, Int)] {
            #expect(try await gateway.ask("/metrics", key).status == status)
        }
        await gateway.fleet.stop()
    }

    @Test("no key, right or wrong, whole or in part, is in the log, in metrics or in what a caller is told")
    func silence() async throws {
        let (gateway, keys) = try await KeyedFleet.start(["k": ["--per-minute", "1"]], ["--log-level", "trace"])
        let right = try #require(keys["k"]), wrong = "glm-" + String(repeating: "wrongwrong", count: 4), revoked = try await gateway.add("gone")
        try await gateway.revoke("gone")
        var told = ""
        for key in [right, wrong, revoked] {
            let tcp = try gateway.connect(key)
            do { _ = try await GatewayClient(tcp).generate(Self.picture) } catch { told += "\(error)" }
            do { _ = try await GatewayClient(tcp).status() } catch { told += "\(error)" }
            await tcp.close()
            for answer in [try await gateway.draw(key), try await gateway.ask("/v1/models", key), try await gateway.ask("/none", key)] {
                told += "\(answer.json) \(answer.headers)"
            }
        }
        let metrics = try await gateway.metrics()
        #expect(metrics.contains("glm_gateway_"))
        told += metrics
        _ = try await gateway.fleet.gateway.status(CallSettings(requestID: "the-end"))
        _ = try await gateway.fleet.program.error { line in
            told += line
            return line.contains("the-end")
        }
        #expect(told.contains("key:k"))
        for key in [right, wrong, revoked] { #expect(!told.contains(key.dropFirst(4).prefix(8)) && !told.contains(key.suffix(8))) }
        #expect(!told.lowercased().contains("bearer glm"))
        await gateway.fleet.stop()
    }

    @Test("without keys nothing listens where others can connect; a key file that others may read, or --admin beside one, is refused")
    func refused() async throws {
        let scratch = try Scratch()
        let keys = scratch.file("keys.json")
        #expect(try await Program.run("glm", ["keys", "add", "k", "--keys", keys], in: scratch).exit == .code(0))
        let gateway = ["--run-directory", scratch.file("run")]
        for flags in [["--listen", "0.0.0.0:0"], ["--http", "0.0.0.0:0"], ["--listen", "[::]:0"], ["--http", "example.com:1"]] {
            let result = try await Program.run("glm-gateway", gateway + flags + ["--insecure-plaintext"], in: scratch)
            #expect(
                result.exit == .code(2) && result.error.contains("takes --keys FILE (glm keys add NAME --keys FILE makes one)"), "\(result.errors)")
        }
        let admin = try await Program.run("glm-gateway", gateway + ["--keys", keys, "--admin"], in: scratch)
        #expect(admin.exit == .code(2) && admin.error.contains("give a key the scopes fleet:read and fleet:write"))
        chmod(keys, 0o644)
        let open = try await Program.run("glm-gateway", gateway + ["--keys", keys], in: scratch)
        #expect(open.exit == .code(1) && open.error.hasSuffix("is open to others (mode 644); chmod 600 or 640 it"), "\(open.errors)")
    }
}
