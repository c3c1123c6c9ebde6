import Checkpoint
import Domain
import Foundation
import GRPCCore
import Gateway
import Metrics
import Placement
import Telemetry
import Testing
import Wire

extension FuzzTests {
    @Test("a saved fleet is one that can be started, or is none") func fleetState() async throws {
        let stages = [
            StageSpec(
                kind: .text, instance: "0", devices: [.npu(3)], model: "m", pipeline: .image, folder: "/m", fingerprint: "aa", precision: .bf16,
                batch: 4),
            StageSpec(kind: .diffusion, instance: "1", devices: [.npu(0), .npu(1)], model: "m", pipeline: .image, folder: "/m", precision: .bf16),
        ]
        try await withFolder { folder in
            try FleetState(plan: "p", stages: stages, models: ["m": [.text: "aa"]]).save(folder.path)
            let saved = folder.appending(path: "fleet.json")
            var fuzzer = try Fuzzer(
                "fleet-state", corpus: [Array(try Data(contentsOf: saved))], words: ["\"memory\":[[]]", "npu:1023", "cpu"], isJSON: true)
            try await fuzzer.run { bytes in
                try Data(bytes).write(to: saved)
                guard let state = FleetState.load(folder.path, plan: "p") else { return }
                _ = state.stages.map { ($0.name, $0.device, $0.bytes, $0.arguments, $0.environment) }
                try state.save(folder.path)
                guard FleetState.load(folder.path, plan: "p") == state else { throw Finding("another state is saved than was loaded") }
            }
        }
    }

    @Test("addresses, devices, amounts and what a caller sends beside its message are read or refused") func words() async throws {
        let texts = [
            "unix:/run/glm/text-0.sock", "tcp:[::1]:8080", "host:65535", "99999999H", "100m", "npu:0,npu:1", "0,1,2", "60.5 GB", "512MiB",
            "a.b-c_total", "5f",
        ]
        var fuzzer = try Fuzzer(
            "words", corpus: texts.map { Array($0.utf8) },
            words: ["unix:", "tcp:", "[", "]", ":", "npu:", ",", "MiB", "KiB", "-", "e308", "_", "le", "\u{301}"])
        try await fuzzer.run { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            if let address = try? Address(parsing: text), (try? Address(parsing: "\(address)")) != address {
                throw Finding("\(address) is not read as it is written")
            }
            if let amount = ByteCount(text) { _ = (amount.flag, amount.description) }
            if let device = DeviceID(text), device.description != text { throw Finding("\(device) for another text") }
            _ = [DeviceID](list: text)
            _ = VisibleDevices(environment: [VisibleDevices.variable: text])?.numbers.map { VisibleDevices($0.map { .npu($0) }).environment }
            let call = ServerCall(metadata: ["grpc-timeout": .string(text), "glm-request-id": .string(text)], method: "m")
            guard call.requestID.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), call.timeout ?? .zero >= .zero else { throw Finding("\(call)") }
            try checkExposition(text)
        }
    }

    /// Every line is in Prometheus's alphabet, whatever a metric and its labels are called.
    private func checkExposition(_ text: String) throws {
        let registry = MetricsRegistry([MetricDescription(text, text)])
        Counter(label: text, dimensions: [(text, text)], factory: registry).increment()
        let lines = registry.text([Sample("s", text, labels: [("a", text)], 1)]).split(separator: "\n")
        for line in lines where !line.hasPrefix("#") {
            let value = line.utf8.split(separator: UInt8(ascii: " ")).last.flatMap { Double(String(decoding: Array($0), as: UTF8.self)) }
            guard value != nil, line.utf8.first != UInt8(ascii: " ") else { throw Finding("the line \(line)") }
        }
    }
}
