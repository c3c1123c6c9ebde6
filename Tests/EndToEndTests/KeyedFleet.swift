import Foundation
import FoundationNetworking
import Processes
import Testing
import Wire

/// A gateway that asks for keys, over TCP and HTTP, with a fleet of both small models.
final class KeyedFleet: Sendable {
    let fleet: RunningFleet
    /// Of its HTTP server.
    let url: String
    private let file: String

    private init(_ fleet: RunningFleet, url: String, file: String) {
        self.fleet = fleet
        self.url = url
        self.file = file
    }

    /// - Parameter keys: for each key's name, the flags that it is made with.
    /// - Returns: the fleet, and the keys' texts by name.
    static func start(
        _ keys: [String: [String]], in scratch: Scratch? = nil, http: String = "127.0.0.1:0", _ flags: [String] = []
    ) async throws -> (KeyedFleet, texts: [String: String]) {
        let scratch = try scratch ?? Scratch()
        let file = scratch.file("keys.json")
        var texts: [String: String] = [:]
        for (name, flags) in keys { texts[name] = try await add(name, flags, file, scratch) }
        let fleet = try await RunningFleet.start(
            "all", in: scratch, ["--model", Binaries.questionModel, "--keys", file, "--listen", "127.0.0.1:0", "--http", http] + flags)
        let line = try await fleet.program.error { $0.contains("served over HTTP") }
        let url = String(try #require(line.firstMatch(of: /http:\/\/[0-9.]+:\d+/)).output).replacing("0.0.0.0", with: "127.0.0.1")
        return (KeyedFleet(fleet, url: url, file: file), texts)
    }

    private static func add(_ name: String, _ flags: [String], _ file: String, _ scratch: Scratch) async throws -> String {
        let added = try await Program.run("glm", ["keys", "add", name, "--keys", file] + flags, in: scratch)
        #expect(added.exit == .code(0) && added.output.count == 1 && added.errors.isEmpty, "\(added.errors)")
        return try #require(added.output.first)
    }

    func add(_ name: String, _ flags: [String] = []) async throws -> String { try await Self.add(name, flags, file, fleet.scratch) }

    func revoke(_ name: String) async throws {
        #expect(try await Program.run("glm", ["keys", "revoke", name], in: fleet.scratch, environment: ["GLM_KEYS": file]).exit == .code(0))
    }

    /// A connection over TCP.
    func connect(_ key: String?) throws -> StageConnection { try StageConnection(to: Address(parsing: fleet.announced), key: key) }

    struct Answer {
        let status: Int
        let headers: [String: String]
        let json: [String: Any]

        var code: String? { (json["error"] as? [String: Any])?["code"] as? String }
        var message: String { (json["error"] as? [String: Any])?["message"] as? String ?? "" }
        /// Of `models`.
        var names: [String] { (json["data"] as? [[String: Any]])?.compactMap { $0["id"] as? String } ?? [] }
    }

    func ask(_ path: String, _ key: String?, _ body: String? = nil, headers: [String: String] = [:]) async throws -> Answer {
        var request = URLRequest(url: try #require(URL(string: url + path)))
        request.httpMethod = body == nil ? "GET" : "POST"
        request.httpBody = body.map { Data($0.utf8) }
        if body != nil { request.setValue("application/json", forHTTPHeaderField: "content-type") }
        if let key { request.setValue("Bearer \(key)", forHTTPHeaderField: "authorization") }
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let (bytes, response) = try await URLSession.shared.data(for: request)
        let http = try #require(response as? HTTPURLResponse)
        return Answer(
            status: http.statusCode, headers: http.allHeaderFields.reduce(into: [:]) { $0["\($1.key)".lowercased()] = "\($1.value)" },
            json: (try? JSONSerialization.jsonObject(with: bytes) as? [String: Any]) ?? [:])
    }

    /// What is told at `/metrics`.
    func metrics() async throws -> String {
        String(decoding: try await URLSession.shared.data(from: try #require(URL(string: url + "/metrics"))).0, as: UTF8.self)
    }

    /// Asks for small images.
    func draw(_ key: String?, _ more: String = "") async throws -> Answer {
        try await ask("/v1/images/generations", key, #"{"prompt":"a cat","size":"64x64","num_inference_steps":1\#(more)}"#)
    }
}
