import Buckets
import Foundation
import Testing

/// The examples of https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and sigv4-query-string-auth.html.
@Suite("AWS's signature, version 4") struct SignatureV4Tests {
    private let signature = SignatureV4(
        BucketCredentials(accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), region: "us-east-1")
    private let host = "examplebucket.s3.amazonaws.com"
    /// 24 May 2013, 0:00 UTC.
    private let time = Date(timeIntervalSince1970: 1_369_353_600)

    @Test("a GET of a range") func get() {
        let request = SignatureV4.Request(method: "GET", host: host, path: "/test.txt", headers: [("range", "bytes=0-9")])
        let headers = signature.headers(request, digest: SignatureV4.digest([]), at: time)
        #expect(
            headers.last?.value
                == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        )
        #expect(headers.map(\.name) == ["range", "x-amz-content-sha256", "x-amz-date", "authorization"])
        #expect(headers[2].value == "20130524T000000Z")
    }

    @Test("a PUT of an object whose name is percent-encoded") func put() {
        let path = "/" + "test$file.text".percentEncoded(keeping: "/")
        #expect(path == "/test%24file.text")
        let request = SignatureV4.Request(
            method: "PUT", host: host, path: path,
            headers: [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")])
        let headers = signature.headers(request, digest: SignatureV4.digest(Array("Welcome to Amazon S3.".utf8)), at: time)
        #expect(headers.last?.value.hasSuffix("Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd") == true)
    }

    @Test("a link that is open for a day") func link() {
        let request = SignatureV4.Request(method: "GET", host: host, path: "/test.txt")
        #expect(
            signature.query(request, seconds: 86400, at: time)
                == "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        )
    }

    @Test("the token of credentials that end is signed, in headers and in links") func token() {
        var signature = signature
        signature.credentials.sessionToken = "a/token+"
        let request = SignatureV4.Request(method: "GET", host: host, path: "/x")
        let headers = signature.headers(request, digest: SignatureV4.digest([]), at: time)
        #expect(headers.contains { $0.name == "x-amz-security-token" && $0.value == "a/token+" })
        #expect(headers.last?.value.contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,") == true)
        #expect(signature.query(request, seconds: 60, at: time).contains("&X-Amz-Security-Token=a%2Ftoken%2B&"))
    }
}
