import Domain
import Foundation
public import Traces

/// Where spans go, and which: OpenTelemetry's variables of the environment.
public struct ExportSettings: Sendable {
    /// `http:` or `https:`, with a host.
    public var url: String
    public var headers: [(name: String, value: String)]
    /// What receivers call this program.
    public var service: String
    public var sampler: Sampler
    /// What is told in the log: values that are not known, and have no effect.
    public var problems: [String] = []

    /// - Parameter service: where `OTEL_SERVICE_NAME` is not set.
    /// - Returns: nil where nothing is exported: no endpoint is named, or `OTEL_SDK_DISABLED` is `true`.
    /// - Throws: ``Failure`` for an endpoint or headers that can't be.
    public init?(environment: [String: String], service: String) throws(Failure) {
        // Empty is not set.
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        guard value("OTEL_SDK_DISABLED")?.lowercased() != "true" else { return nil }
        if let own = value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") {
            url = try Self.checked(own, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
        } else if let common = value("OTEL_EXPORTER_OTLP_ENDPOINT") {
            url = try Self.checked(common, "OTEL_EXPORTER_OTLP_ENDPOINT") + (common.hasSuffix("/") ? "v1/traces" : "/v1/traces")
        } else {
            return nil
        }
        headers = try Self.headers(value("OTEL_EXPORTER_OTLP_HEADERS") ?? "")
        self.service = value("OTEL_SERVICE_NAME") ?? service
        sampler = Sampler(.always)
        if let name = value("OTEL_TRACES_SAMPLER") {
            let (found, problem) = Self.sampler(name, argument: value("OTEL_TRACES_SAMPLER_ARG"))
            sampler = found ?? sampler
            problems += problem.map { [$0] } ?? []
        }
    }

    private static func checked(_ text: String, _ variable: String) throws(Failure) -> String {
        guard let url = URLComponents(string: text), ["http", "https"].contains(url.scheme?.lowercased()), url.host?.isEmpty == false,
            url.port.map((1...65535).contains) ?? true, url.query == nil, url.fragment == nil, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { throw Failure("\(variable) is no address: it is written as in http://127.0.0.1:4318") }
        return text
    }

    /// `name=value`, commas between; values are percent-encoded.
    private static func headers(_ text: String) throws(Failure) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        for pair in text.split(separator: ",") where !pair.allSatisfy(\.isWhitespace) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
            guard parts.count == 2, !parts[0].isEmpty, parts[0].utf8.allSatisfy(\.isTokenByte), let value = parts[1].removingPercentEncoding,
                value.utf8.allSatisfy({ (0x20...0x7e).contains($0) })
            else { throw Failure("OTEL_EXPORTER_OTLP_HEADERS is no list of headers: it is written as in name=value,other=value") }
            headers.append((parts[0], value))
        }
        return headers
    }

    /// As OpenTelemetry wants it: what is not known is told, and has no effect.
    private static func sampler(_ name: String, argument: String?) -> (Sampler?, problem: String?) {
        guard Sampler(named: name) != nil else { return (nil, "OTEL_TRACES_SAMPLER is \(name), which is not known: all requests are traced") }
        guard let argument else { return (Sampler(named: name), nil) }
        guard let ratio = Double(argument), (0...1).contains(ratio) else {
            return (Sampler(named: name), "OTEL_TRACES_SAMPLER_ARG is \(argument), which is not 0 through 1: it is read as 1")
        }
        return (Sampler(named: name, ratio: ratio), nil)
    }

    /// Settings that spans can't be exported with. Values are not told: they hold passwords.
    public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        public let description: String

        init(_ description: String) { self.description = description }
    }
}
