import Checkpoint
import Placement
import Foundation
import Gateway
import Domain
import TestSupport
import Testing

@Suite struct FleetStateTests {
    private let stages = [
        StageSpec(
            kind: .text, instance: "0", devices: [.npu(3)], model: "m", pipeline: .image, folder: "/models/a", fingerprint: "aa", precision: .bf16,
            batch: 4),
        StageSpec(kind: .diffusion, instance: "1", model: "m", pipeline: .image, folder: "/models/a", precision: .f32),
    ]

    private func inFolder(_ body: (String) throws -> Void) throws {
        try withFolder { try body($0.path) }
    }

    @Test("what operators have made of a plan is found again by the next gateway of that plan, whole")
    func roundTrip() throws {
        try inFolder { folder in
            let plan = FleetPlan(stages: stages, queue: 1).digest
            let state = FleetState(plan: plan, stages: stages, models: ["m": [.text: "aa", .diffusion: "bb"]])
            try state.save(folder)
            #expect(FleetState.load(folder, plan: plan) == state)
        }
    }

    @Test("another plan begins anew, and so does one whose state was removed or can't be read")
    func ignored() throws {
        try inFolder { folder in
            #expect(FleetState.load(folder, plan: "p") == nil)
            try FleetState(plan: "p", stages: stages, models: [:]).save(folder)
            #expect(FleetState.load(folder, plan: "q") == nil)
            #expect(FleetState.load(folder, plan: "p") != nil)
            FleetState.remove(folder)
            #expect(FleetState.load(folder, plan: "p") == nil)
            try Data("{".utf8).write(to: URL(fileURLWithPath: folder + "/fleet.json"))
            #expect(FleetState.load(folder, plan: "p") == nil)
        }
    }

    @Test(
        "a state that no gateway wrote is none",
        arguments: [("\"npu:3\"", ""), ("\"batch\" : 4", "\"batch\" : -4"), ("\"memory\" : [", "\"memory\" : [[], []")])
    func unsound(from: String, to: String) throws {
        try inFolder { folder in
            try FleetState(plan: "p", stages: Array(stages.prefix(1)), models: [:]).save(folder)
            let file = URL(fileURLWithPath: folder + "/fleet.json")
            let text = try String(contentsOf: file, encoding: .utf8)
            try #require(text.contains(from), "\(text)")
            try Data(text.replacingOccurrences(of: from, with: to).utf8).write(to: file)
            #expect(FleetState.load(folder, plan: "p") == nil)
        }
    }

    @Test("a plan's digest is the same for the same stages and another for others")
    func digest() {
        var others = stages
        others[0].devices = [.npu(4)]
        #expect(FleetPlan(stages: stages, queue: 1).digest == FleetPlan(stages: stages, queue: 3).digest)
        #expect(FleetPlan(stages: stages, queue: 1).digest != FleetPlan(stages: others, queue: 1).digest)
    }
}
