import Foundation
import Processes
import Domain
import Wire

/// A gateway with its stages, as an operator would run them.
final class RunningFleet: Sendable {
    let scratch: Scratch
    let program: Program
    let connection: StageConnection
    /// The address that the gateway announced.
    let announced: String
    var folder: String { scratch.file("run") }
    var gateway: GatewayClient { GatewayClient(connection) }
    var address: String { "unix:\(folder)/gateway.sock" }

    private init(_ scratch: Scratch, _ program: Program, _ connection: StageConnection, announced: String) {
        self.scratch = scratch
        self.program = program
        self.connection = connection
        self.announced = announced
    }

    /// - Parameter model: nil: the small checkpoints of the repository.
    static func start(
        _ kinds: String = "vision,text,diffusion", of model: String? = Binaries.model, in scratch: Scratch? = nil,
        _ flags: [String] = ["--exit-with-parent"], environment: [String: String] = [:]
    ) async throws -> RunningFleet {
        let scratch = try scratch ?? Scratch()
        let folder = scratch.file("run")
        let program = try Program(
            "glm-gateway",
            ["--run-directory", folder, "--start", kinds, "--threads", "1", "--model-root", scratch.path] + (model.map { ["--model", $0] } ?? [])
                + flags,
            in: scratch, environment: environment)
        let ready = try await program.output { $0.hasPrefix("ready ") }
        return RunningFleet(
            scratch, program, try StageConnection(to: .unix(path: folder + "/gateway.sock")), announced: String(ready.dropFirst("ready ".count)))
    }

    /// So many stages of each kind.
    func scale(_ kinds: [StageKind], to replicas: Int) async throws {
        for kind in kinds {
            try await OperationsClient(connection).scale(ScaleRequest(kind: kind.rawValue, replicas: replicas)) { _ in }
        }
    }

    /// The pictures of all requests, in their order, so many at a time.
    /// - Parameter onAnswer: called after each answer with the number of answers so far.
    func answers(
        _ requests: [GenerateImageRequest], atOnce: Int, onAnswer: @escaping @Sendable (Int) async throws -> Void = { _ in }
    ) async throws -> [GeneratedImage] {
        try await withThrowingTaskGroup(of: (Int, GeneratedImage).self) { group in
            var rest = Array(requests.enumerated())[...]
            func next() {
                guard let (index, request) = rest.popFirst() else { return }
                group.addTask { (index, try await self.gateway.generate(request)) }
            }
            for _ in 0..<atOnce { next() }
            var answers = [Int: GeneratedImage]()
            while let (index, answer) = try await group.next() {
                answers[index] = answer
                try await onAnswer(answers.count)
                next()
            }
            return requests.indices.map { answers[$0]! }
        }
    }

    /// Processes of one of our programs that run for this fleet.
    func processes(_ program: String) -> [Int32] { Program.running(program, in: scratch) }

    /// A small request.
    func picture(seed: UInt64 = 1) async throws -> GeneratedImage {
        try await gateway.generate(GenerateImageRequest(prompt: "a \"cat\"", parameters: ImageOptions(height: 64, width: 64, steps: 2, seed: seed)))
    }

    /// Returns when the stages fit: their counts tell whether they compute.
    func waitForStages(where fits: ([StageStatus]) -> Bool) async throws {
        while !fits(try await gateway.status().stages) { try await Task.sleep(for: .milliseconds(5)) }
    }

    func stop() async {
        await connection.close()
        _ = await program.child.stop(grace: .seconds(10))
    }
}
