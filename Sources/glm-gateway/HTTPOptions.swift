import ArgumentParser
import Foundation
import HTTPAPI

/// Options of the HTTP API.
struct HTTPOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where callers reach the HTTP server, as in https://images.example.org: links to results begin with it. Default: the address of --http.",
            valueName: "url"))
    var publicURL: String?

    @Option(
        help: ArgumentHelp(
            "A model's name that clients have built in, and the model that computes it, as in gpt-image-1=glm-image. Repeatable.",
            valueName: "alias=name"))
    var modelAlias: [String] = []

    @Option(
        help: ArgumentHelp(
            "Hosts that pictures in requests may be fetched from, by https, commas between. Default: none, pictures are not fetched.",
            valueName: "hosts"))
    var imageHosts: String?

    @Option(
        help: ArgumentHelp(
            "An origin of pages in browsers that may call the HTTP API, as https://chat.example.org. Repeatable. Default: the server's own page alone.",
            valueName: "origin"))
    var corsOrigin: [String] = []

    func validate() throws {
        for origin in corsOrigin where !CrossOrigin.isOrigin(origin) {
            throw ValidationError("--cors-origin is \"\(origin)\"; an origin is as https://example.org, with the port where it has one, and no path")
        }
        if let publicURL, Self.base(publicURL) == nil {
            throw ValidationError("--public-url \(publicURL) is no address as in https://images.example.org")
        }
        for alias in modelAlias where Self.pair(alias) == nil { throw ValidationError("--model-alias \(alias) is not as in gpt-image-1=glm-image") }
        for host in hosts where !host.utf8.allSatisfy({ Character(UnicodeScalar($0)).isLetter || "0123456789-.".utf8.contains($0) }) {
            throw ValidationError("--image-hosts: \(host) is no name of a host")
        }
    }

    var settings: HTTPSettings {
        HTTPSettings(
            publicURL: publicURL.flatMap(Self.base),
            aliases: Dictionary(modelAlias.compactMap(Self.pair).map { ($0.alias, $0.name) }) { $1 }, imageHosts: Set(hosts),
            origins: CrossOrigin(Set(corsOrigin)))
    }

    private var hosts: [String] {
        (imageHosts ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
    }

    /// Without a slash at its end.
    private static func base(_ text: String) -> String? {
        guard let url = URLComponents(string: text), url.scheme == "http" || url.scheme == "https", url.host?.isEmpty == false,
            url.user == nil, url.query == nil, url.fragment == nil
        else { return nil }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    private static func pair(_ text: String) -> (alias: String, name: String)? {
        let parts = text.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        return (String(parts[0]), String(parts[1]))
    }
}
