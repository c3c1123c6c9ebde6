import Foundation

/// Who asks a bucket's server.
public struct BucketCredentials: Sendable, Hashable {
    public var accessKey: String
    public var secretKey: String
    /// Of credentials that end.
    public var sessionToken: String?

    public init(accessKey: String, secretKey: String, sessionToken: String? = nil) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
    }
}

/// What AWS's programs read of their surroundings: the variables of the environment go before the files, `~/.aws/credentials` and `~/.aws/config`.
package struct AWSEnvironment: Sendable {
    private let variables: [String: String]
    private let read: @Sendable (String) -> String?

    /// - Parameter read: a file's text; nil: there is none.
    package init(_ variables: [String: String], read: @escaping @Sendable (String) -> String?) {
        self.variables = variables
        self.read = read
    }

    /// Read anew each time: who gives out credentials that end writes new ones in time.
    /// - Throws: where they are looked for. Values are never told.
    package func credentials() throws(BucketError) -> BucketCredentials {
        if let access = value("AWS_ACCESS_KEY_ID"), let secret = value("AWS_SECRET_ACCESS_KEY") {
            return BucketCredentials(accessKey: access, secretKey: secret, sessionToken: value("AWS_SESSION_TOKEN"))
        }
        let path = value("AWS_SHARED_CREDENTIALS_FILE") ?? home("credentials")
        let section = path.flatMap(read).map { Self.section(profile, of: $0) } ?? [:]
        guard let access = section["aws_access_key_id"], let secret = section["aws_secret_access_key"] else {
            throw BucketError(
                "no credentials: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY nor the profile \(profile) of \(path ?? "~/.aws/credentials")")
        }
        return BucketCredentials(accessKey: access, secretKey: secret, sessionToken: section["aws_session_token"])
    }

    package var region: String {
        if let region = value("AWS_REGION") ?? value("AWS_DEFAULT_REGION") { return region }
        let text = (value("AWS_CONFIG_FILE") ?? home("config")).flatMap(read) ?? ""
        return Self.section(profile == "default" ? profile : "profile \(profile)", of: text)["region"] ?? "us-east-1"
    }

    /// Nil: Amazon's.
    package var endpoint: String? { value("AWS_ENDPOINT_URL_S3") ?? value("AWS_ENDPOINT_URL") }

    private var profile: String { value("AWS_PROFILE") ?? "default" }

    private func home(_ file: String) -> String? { value("HOME").map { "\($0)/.aws/\(file)" } }

    /// Empty is not set.
    private func value(_ name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }

    /// `name = value` below `[section]`; lines that begin with `#` or `;` are remarks.
    private static func section(_ wanted: String, of text: String) -> [String: String] {
        var values: [String: String] = [:]
        var isWanted = false
        for line in text.split(whereSeparator: \.isNewline).map({ $0.trimmingCharacters(in: .whitespaces) }) {
            if line.hasPrefix("["), line.hasSuffix("]") {
                isWanted = line.dropFirst().dropLast().trimmingCharacters(in: .whitespaces) == wanted
            } else if isWanted, !line.hasPrefix("#"), !line.hasPrefix(";"), let equals = line.firstIndex(of: "=") {
                let name = line[..<equals].trimmingCharacters(in: .whitespaces).lowercased()
                values[name] = line[line.index(after: equals)...].trimmingCharacters(in: .whitespaces)
            }
        }
        return values
    }
}
