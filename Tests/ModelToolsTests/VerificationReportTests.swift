import Devices
import Domain
import Foundation
import ModelTools
import Tensor
import TensorCPU
import Testing

/// What others get to see of a verification.
@Suite struct VerificationReportTests {
    @Test(
        "paths and given names are taken out of a text, whole words only",
        arguments: [
            ("/srv/alice/GLM-Image/vae: no such file", "(path) no such file"), ("file /opt/x/y.cpp:12 of ascend-01", "file (path) of (private)"),
            ("ascend-01.log, ascend-013, Ascend910B3", "(private).log, ascend-013, Ascend910B3"),
            ("alice's model: error 0.25 of the largest value, limit 0.02", "(private)'s model: error 0.25 of the largest value, limit 0.02"),
            ("a", "a"), ("", ""),
        ])
    func redaction(text: String, expected: String) {
        #expect(Redaction(["ascend-01", "alice", ""])(text) == expected)
    }

    @Test("a report tells device, rows and costs, and what came from elsewhere without its paths and names")
    func report() throws {
        let row = #"{"name": "vae.image", "outcome": "fails", "detail": "/home/alice/model/vae/config.json on ascend-01: no JSON"}"#
        let cost = #"{"part": "diffusion", "seconds": 1.5, "launches": 20, "hostCalls": 50}"#
        let report = VerificationReport(
            version: "1.2.3", device: DeviceReport(CPUDevice(threads: 1)), precision: "f32", fingerprints: ["vision": "aa"],
            rows: [try JSONDecoder().decode(Verdict.self, from: Data(row.utf8))],
            parts: [try JSONDecoder().decode(PartCost.self, from: Data(cost.utf8))], redaction: Redaction(["ascend-01", "alice"]))
        let text = String(decoding: try report.json(), as: UTF8.self)
        for secret in ["/", "alice", "ascend-01"] { #expect(!text.contains(secret), "\(text)") }
        let values = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(Set(values.keys) == ["version", "machine", "device", "precision", "fingerprints", "holds", "rows", "parts"])
        #expect(values["holds"] as? Bool == false && values["version"] as? String == "1.2.3")
        let parts = try #require(values["parts"] as? [[String: Any]])
        #expect(parts.first?["host_calls"] as? Int == 50 && parts.first?["launches"] as? Int == 20)
        #expect((values["rows"] as? [[String: Any]])?.first?["detail"] as? String == "(path) on (private): no JSON")
    }

    @Test("a report of a verification that had no device tells why, without paths and names")
    func noDevice() throws {
        let error = DeviceError(.unavailable, "no NPUs can be used: libascendcl.so is neither in /opt/alice/lib64 nor on ascend-01")
        let report = VerificationReport(
            version: "1.2.3", precision: "bf16", fingerprints: ["vision": "aa"], error: error, redaction: Redaction(["ascend-01", "alice"]))
        let values = try #require(try JSONSerialization.jsonObject(with: report.json()) as? [String: Any])
        #expect(Set(values.keys) == ["version", "machine", "error", "precision", "fingerprints", "holds", "rows", "parts"])
        #expect(values["holds"] as? Bool == false && (values["rows"] as? [Any])?.isEmpty == true)
        let told = try #require(values["error"] as? String)
        #expect(told.hasPrefix("no NPUs can be used: libascendcl.so is neither in (path)") && told.hasSuffix("(private)"), "\(told)")
    }
}
