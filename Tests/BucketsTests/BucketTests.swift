import Buckets
import Testing

@Suite("Buckets, and what their server is asked with") struct BucketTests {
    @Test("an address names a bucket and what stands before the names of its objects") func address() throws {
        let address = try BucketAddress(parsing: "s3://pictures/of/jobs/")
        #expect(address.bucket == "pictures" && address.key == "of/jobs" && "\(address)" == "s3://pictures/of/jobs")
        #expect("\(address.object("a-1_B"))" == "s3://pictures/of/jobs/a-1_B")
        #expect("\(try BucketAddress(parsing: "s3://pictures").object("x"))" == "s3://pictures/x")
    }

    @Test("no name of an object leaves its place, and no two names are one") func hostile() throws {
        let address = try BucketAddress(parsing: "s3://pictures/jobs")
        #expect("\(address.object("../../x?y"))" == "s3://pictures/jobs/~2e~2e~2f~2e~2e~2fx~3fy")
        #expect("\(address.object("~2e"))" == "s3://pictures/jobs/~7e2e")
    }

    @Test(
        "what is no address is refused",
        arguments: ["", "pictures", "http://pictures/x", "s3://", "s3://a", "s3://Big", "s3://a b c", "s3://abc//x", "s3://abc/../x", "s3://abc/ü"])
    func refused(text: String) {
        #expect(throws: BucketError.self) { try BucketAddress(parsing: text) }
    }

    @Test(
        "what is no endpoint is refused",
        arguments: ["", "s3.example.org", "ftp://h", "https://u:p@h", "https://h/path", "https://h?x", "http://h:0"])
    func endpoint(text: String) throws {
        let address = try BucketAddress(parsing: "s3://pictures")
        #expect(throws: BucketError.self) { try Bucket(address, endpoint: text, variables: [:]) }
    }

    @Test("a link is of the endpoint that was named, else of the one in the environment, else of Amazon's in the region") func endpoints() throws {
        let address = try BucketAddress(parsing: "s3://pictures/jobs")
        var variables = ["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S", "AWS_REGION": "eu-west-3"]
        func link(_ endpoint: String?) throws -> String {
            try Bucket(address, endpoint: endpoint, variables: variables).link(to: address.object("a"), for: .seconds(60))
        }
        #expect(try link(nil).hasPrefix("https://s3.eu-west-3.amazonaws.com/pictures/jobs/a?X-Amz-Algorithm="))
        variables["AWS_ENDPOINT_URL"] = "http://127.0.0.1:8333/"
        #expect(try link(nil).hasPrefix("http://127.0.0.1:8333/pictures/jobs/a?"))
        #expect(try link("https://other").hasPrefix("https://other/pictures/jobs/a?"))
        #expect(try link("https://other").contains("X-Amz-Expires=60&"))
    }

    @Test("credentials are those of the environment, else of the profile in the file; what is missing is told, values never")
    func credentials() throws {
        let file = """
            # a remark = x
            [default]
            aws_access_key_id = D
            aws_secret_access_key=E=
            [other]
            AWS_ACCESS_KEY_ID = O
            aws_secret_access_key = P
            aws_session_token = T
            """
        func environment(_ variables: [String: String]) -> AWSEnvironment {
            AWSEnvironment(variables) { ["/h/.aws/credentials": file, "/h/.aws/config": "[profile other]\nregion = mars-1"][$0] }
        }
        #expect(try environment(["HOME": "/h"]).credentials() == BucketCredentials(accessKey: "D", secretKey: "E="))
        let other = environment(["HOME": "/h", "AWS_PROFILE": "other", "AWS_ACCESS_KEY_ID": ""])
        #expect(try other.credentials() == BucketCredentials(accessKey: "O", secretKey: "P", sessionToken: "T"))
        #expect(other.region == "mars-1" && environment(["HOME": "/h"]).region == "us-east-1")
        let both = environment(["HOME": "/h", "AWS_ACCESS_KEY_ID": "X", "AWS_SECRET_ACCESS_KEY": "Y", "AWS_SESSION_TOKEN": "Z"])
        #expect(try both.credentials() == BucketCredentials(accessKey: "X", secretKey: "Y", sessionToken: "Z"))
        let error = #expect(throws: BucketError.self) { try environment(["AWS_ACCESS_KEY_ID": "secret"]).credentials() }
        #expect(
            error?.description
                == "no credentials: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY nor the profile default of ~/.aws/credentials")
    }
}
