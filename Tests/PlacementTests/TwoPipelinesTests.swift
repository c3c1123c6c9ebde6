import Checkpoint
import Domain
import Foundation
import ModelConfiguration
import Placement
import Testing

/// One fleet of a model that draws and one that answers questions.
struct TwoPipelinesTests {
    private static let models = "models: {draws: \(RealSize.folder.path), answers: \(RealQuestionSize.folder.path)}\n"

    private func planner(_ stages: String, _ inventory: Inventory) throws -> Planner {
        try Planner(try Topology(yaml: "\(Self.models)\(stages)", file: "fleet.yaml"), inventory: inventory)
    }

    @Test("the example for eight cards starts each model's own kinds of stages, and fits")
    func example() throws {
        let file = topologies.appending(path: "eight-cards-questions.yaml")
        var topology = try Topology(contentsOf: file)
        #expect(topology.models.map(\.name) == ["glm-image", "glm-4.6v-flash"])
        for (index, folder) in [RealSize.folder, RealQuestionSize.folder].enumerated() { topology.models[index].folder = folder.path }
        let plan = try Planner(topology, inventory: .hostOnly).plan()
        #expect(plan.isFeasible, "\(plan.report)")
        func count(_ kind: StageKind, _ model: String) -> Int { plan.stages.count { $0.kind == kind && $0.model == model } }
        #expect(StageKind.allCases.map { count($0, "glm-image") } == [1, 1, 7])
        #expect(StageKind.allCases.map { count($0, "glm-4.6v-flash") } == [1, 2, 0])
    }

    @Test("on one card of 64 GiB all stages of both models but the one that draws fit, and are counted together")
    func oneCard() throws {
        let stages = """
            stages:
              vision: [{model: draws}, {model: answers}]
              text: [{model: draws, replicas: 1, batch: 4}, {model: answers, replicas: 1, batch: 4}]
              diffusion: {model: draws, replicas: 0}
            """
        let plan = try planner(stages, .npus(1)).plan()
        #expect(plan.isFeasible && plan.stages.count == 4, "\(plan.report)")
        let card = try #require(plan.cards.first)
        #expect(card.taken == plan.stages.reduce(0) { $0 + $1.bytes })
        // 17.83 GB and 18.80 GB of decoders, 2.48 GB and 1.79 GB of towers.
        #expect(card.taken > 40_800_000_000)
    }

    @Test("with all stages of both models one card lacks memory, and the plan names all of them and the number")
    func tooMuch() throws {
        let stages = """
            stages:
              vision: [{model: draws}, {model: answers}]
              text: [{model: draws, replicas: 1, batch: 1}, {model: answers, replicas: 1, batch: 1}]
              diffusion: {model: draws, replicas: 1, vae_tiling: true}
            limits: {pixels: 1048576}
            """
        let plan = try planner(stages, .npus(1)).plan()
        let shortage = try #require(plan.shortages.first)
        #expect(Set(shortage.stages) == ["vision-0", "vision-1", "text-0", "text-1", "diffusion-0"])
        #expect(shortage.lacking == plan.stages.reduce(0) { $0 + $1.bytes } - 60 * gibibyte && shortage.lacking > 0)
        // A second card takes what the first lacks.
        #expect(try planner(stages, .npus(2)).plan().isFeasible)
    }

    @Test(
        "stages that a model doesn't have, and those that it lacks, are refused with the line",
        arguments: [
            (
                "stages:\n  diffusion: [{model: draws}, {model: answers}]",
                "fleet.yaml:3: stages.diffusion[1] is of the model answers, which answers questions: its requests pass through vision and text stages"
            ),
            (
                "stages:\n  text: [{model: draws}, {model: answers}]\n  vision: {model: draws}\n  diffusion: {model: draws}",
                "fleet.yaml:1: models.answers has no vision stage; with several models, each kind of stage names its own"
            ),
            (
                "stages:\n  text: {model: answers}\n  vision: {model: answers}\n  diffusion: {model: draws}\nlimits: {sources: 0}",
                "fleet.yaml:1: models.draws has no text stage; with several models, each kind of stage names its own"
            ),
        ])
    func refused(_ stages: String, _ message: String) {
        #expect(failure(.invalidTopology) { _ = try planner(stages, .npus(4)) } == message)
    }

    @Test("a file that names no model is refused where it places what the caller's model doesn't have")
    func callersModel() throws {
        let topology = try Topology(yaml: "stages:\n  diffusion: {replicas: 2}", file: "fleet.yaml")
        let message = failure(.invalidTopology) { _ = try Planner(topology, inventory: .npus(4), models: [RealQuestionSize.folder]) }
        #expect(message.hasPrefix("fleet.yaml:2: stages.diffusion is of the model glm-placement-question-size"), "\(message)")
    }

    @Test("two models of the caller each get one stage of each kind that they have, under numbers of their own")
    func callersModels() throws {
        let plan = try Planner(Topology(), inventory: .hostOnly, models: [tiny, RealQuestionSize.folder]).plan()
        #expect(plan.stages.map(\.name) == ["vision-0", "vision-1", "text-0", "text-1", "diffusion-0"])
        #expect(plan.models.map(\.name) == ["tiny-f32", RealQuestionSize.folder.lastPathComponent])
        let twice = failure(.invalidModel) { _ = try Planner(Topology(), inventory: .hostOnly, models: [tiny, tiny]) }
        #expect(twice == "two models are called tiny-f32; a topology can give them names of their own")
    }

    @Test("stages of a file that names no model are those of each of the caller's models that has such")
    func callersGroups() throws {
        let topology = try Topology(yaml: "stages: {text: {batch: 2}, diffusion: {replicas: 2}}", file: "f")
        let plan = try Planner(topology, inventory: .hostOnly, models: [tiny, RealQuestionSize.folder]).plan()
        #expect(plan.stages.map(\.name) == ["vision-0", "vision-1", "text-0", "text-1", "diffusion-0", "diffusion-1"])
        #expect(plan.stages.filter { $0.kind == .text }.map(\.batch) == [2, 2])
        #expect(plan.stages.filter { $0.kind == .diffusion }.allSatisfy { $0.model == "tiny-f32" && $0.pipeline == .image })
        #expect(plan.stages.count { $0.pipeline == .answer } == 2)
    }

    @Test("one more stage is of a kind that the model has, and a swap stays with what the model does")
    func room() throws {
        let stages = """
            stages:
              vision: [{model: draws}, {model: answers}]
              text: [{model: draws, replicas: 1}, {model: answers, replicas: 1}]
              diffusion: {model: draws, replicas: 1}
            """
        let plan = try planner(stages, .npus(4)).plan()
        guard case .stage(let stage) = try plan.room(for: .text, model: "answers") else {
            Issue.record("there is no room")
            return
        }
        #expect(stage.name == "text-2" && stage.folder == RealQuestionSize.folder.path)
        let kind = failure(.invalidModel) { _ = try plan.room(for: .diffusion, model: "answers") }
        #expect(kind == "the model answers answers questions, which takes no diffusion stage")
        let swap = failure(.invalidModel) { _ = try plan.room(for: .text, model: "draws", folder: RealQuestionSize.folder) }
        #expect(swap == "\(RealQuestionSize.folder.standardizedFileURL.path) answers questions; the model draws makes images")
    }

    @Test("a question model alone fills eight cards with text stages, one vision stage beside them")
    func eight() throws {
        let plan = try Planner(Topology(), inventory: .npus(8), models: [RealQuestionSize.folder]).plan()
        #expect(plan.isFeasible, "\(plan.report)")
        #expect(plan.stages.count { $0.kind == .text } == 8 && plan.stages.count { $0.kind == .vision } == 1)
        #expect(plan.notes.contains { $0.hasPrefix("with 7 text it would be one every ~") }, "\(plan.notes)")
    }
}
