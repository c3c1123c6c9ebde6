import Crypto
import Domain
package import Foundation

/// AWS's signature of requests, version 4: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html.
package struct SignatureV4: Sendable {
    package var credentials: BucketCredentials
    package var region: String

    private static let algorithm = "AWS4-HMAC-SHA256"
    private static let service = "s3"
    /// In the place of a digest where whoever signs does not have the body.
    private static let unsigned = "UNSIGNED-PAYLOAD"

    package init(_ credentials: BucketCredentials, region: String) {
        self.credentials = credentials
        self.region = region
    }

    /// What a request is signed for.
    package struct Request: Sendable {
        package var method: String
        /// As in the `Host` header: with the port where the scheme has another.
        package var host: String
        /// Percent-encoded, from the first slash on.
        package var path: String
        /// Beside `Host` and those that the signature brings; all are signed. Names in lower case.
        package var headers: [(name: String, value: String)]

        package init(method: String, host: String, path: String, headers: [(name: String, value: String)] = []) {
            self.method = method
            self.host = host
            self.path = path
            self.headers = headers
        }
    }

    /// The headers of a request with its signature, without `Host`.
    /// - Parameter digest: SHA-256 of the body, hexadecimal.
    package func headers(_ request: Request, digest: String, at time: Date) -> [(name: String, value: String)] {
        let stamp = Stamp(time)
        var headers = request.headers + [("x-amz-content-sha256", digest), ("x-amz-date", stamp.time)]
        if let token = credentials.sessionToken { headers.append(("x-amz-security-token", token)) }
        let all = (headers + [("host", request.host)]).sorted { $0.name < $1.name }
        let signature = sign(request, query: "", all, digest, stamp)
        let names = all.map(\.name).joined(separator: ";")
        let credential = "\(credentials.accessKey)/\(scope(stamp))"
        headers.append(("authorization", "\(Self.algorithm) Credential=\(credential),SignedHeaders=\(names),Signature=\(signature)"))
        return headers
    }

    /// The query of an address that opens an object for whoever has it.
    /// - Parameter seconds: from `time` on, at most a week.
    package func query(_ request: Request, seconds: Int, at time: Date) -> String {
        let stamp = Stamp(time)
        var items = [
            ("X-Amz-Algorithm", Self.algorithm), ("X-Amz-Credential", "\(credentials.accessKey)/\(scope(stamp))"), ("X-Amz-Date", stamp.time),
            ("X-Amz-Expires", "\(seconds)"), ("X-Amz-SignedHeaders", "host"),
        ]
        if let token = credentials.sessionToken { items.append(("X-Amz-Security-Token", token)) }
        let query = items.map { "\($0.0)=\($0.1.percentEncoded(keeping: ""))" }.sorted().joined(separator: "&")
        return query + "&X-Amz-Signature=" + sign(request, query: query, [("host", request.host)], Self.unsigned, stamp)
    }

    private func sign(_ request: Request, query: String, _ headers: [(name: String, value: String)], _ digest: String, _ stamp: Stamp) -> String {
        let lines = headers.map { "\($0.name):\($0.value)\n" }.joined()
        let names = headers.map(\.name).joined(separator: ";")
        let canonical = [request.method, request.path, query, lines, names, digest].joined(separator: "\n")
        let text = [Self.algorithm, stamp.time, scope(stamp), Self.digest(Array(canonical.utf8))].joined(separator: "\n")
        var key = SymmetricKey(data: Array("AWS4\(credentials.secretKey)".utf8))
        for part in [stamp.day, region, Self.service, "aws4_request"] { key = SymmetricKey(data: Self.code(part, key)) }
        return Self.code(text, key).hexadecimal
    }

    private func scope(_ stamp: Stamp) -> String { "\(stamp.day)/\(region)/\(Self.service)/aws4_request" }

    private static func code(_ text: String, _ key: SymmetricKey) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
    }

    package static func digest(_ bytes: [UInt8]) -> String { SHA256.hash(data: bytes).hexadecimal }

    /// A time as `20130524T000000Z`, and its day.
    private struct Stamp {
        let time: String
        var day: String { String(time.prefix(8)) }

        init(_ date: Date) {
            var calendar = Calendar(identifier: .gregorian)
            calendar.timeZone = .gmt
            let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
            func digits(_ value: Int?, _ count: Int) -> String { String(("000" + "\(value ?? 0)").suffix(count)) }
            time =
                digits(parts.year, 4) + digits(parts.month, 2) + digits(parts.day, 2) + "T" + digits(parts.hour, 2) + digits(parts.minute, 2)
                + digits(parts.second, 2) + "Z"
        }
    }
}

extension String {
    /// Everything but letters, digits and `-._~`, and what is to be kept, by the hexadecimal numbers of its bytes.
    package func percentEncoded(keeping kept: String) -> String {
        let plain = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~\(kept)".utf8)
        return utf8.map { plain.contains($0) ? String(UnicodeScalar($0)) : "%" + [$0].hexadecimal.uppercased() }.joined()
    }
}
