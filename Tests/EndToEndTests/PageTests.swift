import Foundation
import FoundationNetworking
import Testing
import Wire

/// The page and the fleet's routes, from the real programs.
@Suite(.timeLimit(.minutes(3)), .serialized) struct PageTests {
    private func start(_ flags: [String] = []) async throws -> (fleet: RunningFleet, url: String) {
        let fleet = try await RunningFleet.start("vision,text,diffusion", ["--exit-with-parent", "--http", "127.0.0.1:0"] + flags)
        let line = try await fleet.program.error { $0.contains("served over HTTP") }
        return (fleet, String(try #require(line.firstMatch(of: /http:\/\/[0-9.]+:\d+/)).output))
    }

    private func ask(_ url: String, _ headers: [String: String] = [:], json: String? = nil) async throws -> (HTTPURLResponse, text: String) {
        var request = URLRequest(url: try #require(URL(string: url)))
        request.cachePolicy = .reloadIgnoringLocalCacheData
        request.httpMethod = json == nil ? "GET" : "POST"
        request.httpBody = json.map { Data($0.utf8) }
        if json != nil { request.setValue("application/json", forHTTPHeaderField: "content-type") }
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let (bytes, response) = try await URLSession.shared.data(for: request)
        return (try #require(response as? HTTPURLResponse), String(decoding: bytes, as: UTF8.self))
    }

    @Test("the page comes with a policy that lets it run and load its own files alone, and is not sent twice")
    func page() async throws {
        let (fleet, url) = try await start()
        for (path, type) in [("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")] {
            let (head, text) = try await ask(url + path)
            #expect(head.statusCode == 200 && !text.isEmpty)
            #expect(head.value(forHTTPHeaderField: "content-type") == "\(type); charset=utf-8")
            #expect(
                head.value(forHTTPHeaderField: "content-security-policy")?.hasPrefix("default-src 'none'; script-src 'self'; style-src 'self'")
                    == true)
            #expect(head.value(forHTTPHeaderField: "x-content-type-options") == "nosniff")
            #expect(head.value(forHTTPHeaderField: "referrer-policy") == "no-referrer")
            #expect(head.value(forHTTPHeaderField: "cross-origin-opener-policy") == "same-origin")
            let tag = try #require(head.value(forHTTPHeaderField: "etag"))
            let again = try await ask(url + path, ["if-none-match": tag])
            #expect(again.0.statusCode == 304 && again.text.isEmpty)
        }
        await fleet.stop()
    }

    @Test("who is no operator sees the fleet over HTTP, and changes nothing")
    func seen() async throws {
        let (fleet, url) = try await start()
        let (head, text) = try await ask(url + "/v1/fleet")
        let report = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(head.statusCode == 200 && report["writable"] as? Bool == false)
        let stages = (report["processes"] as? [[String: Any]])?.compactMap { $0["stage"] as? String }
        #expect(stages == ["gateway-0", "vision-0", "text-0", "diffusion-0"])
        let refused = try await ask(url + "/v1/fleet/scale", json: #"{"kind":"vision","replicas":2}"#)
        #expect(refused.0.statusCode == 403 && refused.text.contains("insufficient_permissions"))
        await fleet.stop()
    }

    @Test("an operator scales and drains over HTTP, and reads each step; a page of elsewhere does not, nor a form")
    func changed() async throws {
        let (fleet, url) = try await start(["--admin"])
        let scale = #"{"kind":"vision","replicas":2}"#
        for (headers, status) in [(["origin": "null"], 403), (["origin": "http://attacker.example"], 403), (["content-type": "text/plain"], 415)] {
            #expect(try await ask(url + "/v1/fleet/scale", headers, json: scale).0.statusCode == status)
        }
        let scaled = try await ask(url + "/v1/fleet/scale", ["origin": url], json: scale)
        #expect(scaled.0.statusCode == 200 && scaled.text.contains(#"data: {"message":"serves","stage":"vision-1"}"#), "\(scaled.text)")
        let drained = try await ask(url + "/v1/fleet/drain", json: #"{"stage":"vision-1"}"#)
        #expect(drained.text.hasSuffix("data: {\"message\":\"has ended\",\"stage\":\"vision-1\"}\n\n"), "\(drained.text)")
        let last = try await ask(url + "/v1/fleet/drain", json: #"{"stage":"vision-0"}"#)
        #expect(last.0.statusCode == 409 && last.text.contains("scale first"))
        #expect(try await ask(url + "/v1/fleet/drain", json: #"{"stage":"vision-7"}"#).0.statusCode == 404)
        #expect(try await ask(url + "/v1/fleet/stop", json: "{}").0.statusCode == 404)
        await fleet.stop()
    }
}
