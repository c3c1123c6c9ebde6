import Foundation
import Placement
import Domain
import Testing

struct RoomTests {
    @Test("one more stage goes to the card with the least work that holds it, under the next free number")
    func scale() throws {
        let plan = try planned("stages: {text: {replicas: 1}, diffusion: {replicas: 1}}", cards: 4)
        let stage = try stage(plan.room(for: .diffusion))
        #expect(stage.name == "diffusion-1")
        #expect(!plan.stages.map(\.device).contains(stage.device))
        #expect(stage.environment == ["ASCEND_RT_VISIBLE_DEVICES": "\(stage.device.number ?? -1)"])
    }

    @Test("where no card has room, each says what is lacking")
    func full() throws {
        let plan = try planned("", cards: 2)
        guard case .shortages(let shortages) = try plan.room(for: .diffusion) else {
            Issue.record("there is room")
            return
        }
        #expect(shortages.map(\.device) == [.npu(0), .npu(1)])
        #expect(shortages.allSatisfy { $0.lacking > 0 && $0.stages == ["diffusion-1"] })
        let left = plan.cards.map(\.left)
        #expect(shortages.map(\.available) == left)
    }

    @Test("what others have taken since counts")
    func measured() throws {
        let plan = try planned("stages: {text: {replicas: 1}, diffusion: {replicas: 1}}", cards: 3)
        let idle = try #require(plan.cards.first { $0.stages.isEmpty }).card.device
        guard case .shortages(let shortages) = try plan.room(for: .diffusion, free: [idle: gibibyte]) else {
            Issue.record("there is room")
            return
        }
        #expect(shortages.first { $0.device == idle }?.available == gibibyte)
    }

    @Test("stages that are not the plan's own count instead of it")
    func others() throws {
        let plan = try planned("", cards: 2)
        let first = try #require(plan.stages.first { $0.kind == .text })
        let stage = try stage(plan.room(for: .diffusion, instance: "b", beside: [first]))
        #expect(stage.name == "diffusion-b")
        #expect(stage.device != first.device)
    }

    @Test("a model's next checkpoint stands beside its present one while they change places")
    func swap() throws {
        let plan = try planned("stages: {text: {replicas: 1}, diffusion: {replicas: 1}}", cards: 3)
        let stage = try stage(plan.room(for: .diffusion, folder: tiny))
        #expect(stage.folderURL.standardizedFileURL.path == tiny.standardizedFileURL.path)
        failure(.invalidModel) { _ = try plan.room(for: .diffusion, folder: URL(filePath: "/nowhere")) }
    }

    @Test("of several groups of one model each is a place for one more stage, not the first alone")
    func groups() throws {
        let plan = try planned(
            "stages: {text: [{replicas: 1, devices: [npu:0]}, {replicas: 1, devices: [npu:1]}], diffusion: {replicas: 1}}", cards: 4)
        #expect(try stage(plan.room(for: .text, free: [.npu(0): 0])).device == .npu(1))
    }

    @Test("what groups of the same settings lack is told once")
    func once() throws {
        let plan = try planned("stages: {diffusion: [{replicas: 1}, {replicas: 1}]}", cards: 2)
        guard case .shortages(let shortages) = try plan.room(for: .diffusion) else {
            Issue.record("there is room")
            return
        }
        #expect(shortages.map(\.device) == [.npu(0), .npu(1)])
    }

    private func planned(_ yaml: String, cards: Int) throws -> Plan {
        try Planner(Topology(yaml: yaml, file: "f"), inventory: .npus(cards), models: [RealSize.folder]).plan()
    }

    private func stage(_ room: Plan.Room, sourceLocation: SourceLocation = #_sourceLocation) throws -> StageSpec {
        guard case .stage(let stage) = room else {
            Issue.record("\(room)", sourceLocation: sourceLocation)
            throw CancellationError()
        }
        return stage
    }
}
