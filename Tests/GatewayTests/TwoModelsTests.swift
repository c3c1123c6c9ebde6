import Checkpoint
import Domain
import Foundation
import Gateway
import Placement
import TestSupport
import Testing
import Wire

/// One gateway with a model that draws and one that answers questions, on this host and without a topology.
@Suite struct TwoModelsTests {
    private static let draws = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures/tiny-f32")

    private func withQuestionModel<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "answers-\(UUID().uuidString)", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(#"{"model_type": "glm4v"}"#.utf8).write(to: folder.appending(path: "config.json"))
        let header = #"{"model.visual.a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
        try (safetensorsHead(Data(header.utf8)) + Data(count: 4)).write(to: folder.appending(path: "model.safetensors"))
        return try await body(folder)
    }

    private func plan(_ kinds: [StageKind]?, _ folders: URL...) throws -> FleetPlan {
        try FleetPlan(kinds, folders: folders, precision: .auto, threads: nil, remote: [], queue: nil)
    }

    private func refusal(_ body: () async throws -> Void) async -> String {
        do {
            try await body()
            Issue.record("nothing was thrown")
            return ""
        } catch let error as PlacementError {
            return error.message
        } catch let error as CallError {
            #expect(error.status == .failedPrecondition)
            return error.message
        } catch {
            return "\(error)"
        }
    }

    @Test("each model gets one stage of each kind that it has, and every stage is known by its model's name, purpose and fingerprint")
    func stages() async throws {
        try await withQuestionModel { answers in
            let plan = try plan(nil, Self.draws, answers)
            #expect(plan.stages.map(\.name) == ["vision-0", "vision-1", "text-0", "text-1", "diffusion-0"])
            let name = answers.lastPathComponent
            #expect(plan.pipelines == ["tiny-f32": .image, name: .answer])
            #expect(plan.models[name]?.keys.sorted() == [.vision, .text])
            #expect(plan.stages.allSatisfy { !$0.fingerprint.isEmpty && plan.models[$0.model]?[$0.kind] == $0.fingerprint })
            #expect(try self.plan([.text], Self.draws, answers).stages.map(\.name) == ["text-0", "text-1"])
            #expect(try self.plan(nil, answers).stages.map(\.name) == ["vision-0", "text-0"])
        }
    }

    @Test("stages are started with the precision that this host makes of the one that is asked for, never with a word that a stage would read anew")
    func precision() throws {
        for choice in PrecisionChoice.allCases {
            let plan = try FleetPlan(nil, folders: [Self.draws], precision: choice, threads: nil, remote: [], queue: nil)
            let expected = choice.precision(native: Card.hostPrecision)
            #expect(plan.stages.allSatisfy { $0.precision == expected && $0.arguments.contains(["--precision", expected.rawValue]) })
        }
    }

    @Test("a kind of stage that no model has, a model that has none of the kinds, and two models of one name are refused by name")
    func refused() async throws {
        try await withQuestionModel { answers in
            let name = answers.lastPathComponent
            let kind = await refusal { _ = try self.plan([.text, .diffusion], answers) }
            #expect(kind == "no model takes a diffusion stage: \(name) answers questions")
            let model = await refusal { _ = try self.plan([.diffusion], Self.draws, answers) }
            #expect(model == "the model \(name) answers questions: it has vision and text stages, none of which is to be started")
            #expect(await refusal { _ = try self.plan(nil, answers, answers) }.hasPrefix("two models are called \(name)"))
        }
    }

    @Test("one more stage is started as those of its model, whatever other models the fleet has")
    func oneMore() async throws {
        try await withQuestionModel { answers in
            let stages = try plan(nil, Self.draws, answers).stages, name = answers.lastPathComponent
            func place(_ kind: StageKind, _ model: String, _ folder: URL? = nil) async throws -> StageSpec {
                try await Operations.besideOthers(
                    Operations.StagePlacement(kind: kind, model: model, folder: folder?.path, instance: "7", others: stages))
            }
            let text = try await place(.text, name)
            #expect(text.name == "text-7" && text.model == name && text.folder == answers.path && text.pipeline == .answer)
            #expect(text.fingerprint == stages.first { $0.name == "text-1" }?.fingerprint)
            #expect(try await place(.text, "tiny-f32").folder == Self.draws.path)
            let kind = await refusal { _ = try await place(.diffusion, name) }
            #expect(kind == "\(answers.path) answers questions, which takes no diffusion stage")
            let swap = await refusal { _ = try await place(.text, "tiny-f32", answers) }
            #expect(swap == "\(answers.path) answers questions; the model tiny-f32 makes images")
            #expect(await refusal { _ = try await place(.text, "third") }.hasPrefix("this gateway started no stages of model third"))
        }
    }
}
