import ModelConfiguration
import Foundation
import GLMImage
import Testing

@Suite struct ScheduleTests {
    private let configuration = try! JSONDecoder().decode(
        SchedulerConfiguration.self,
        from: Data(
            """
            {"num_train_timesteps": 1000, "shift": 1.0, "use_dynamic_shifting": true, "time_shift_type": "linear", "base_shift": 0.25, "max_shift": 0.75,
             "base_image_seq_len": 256, "shift_terminal": null}
            """.utf8))

    @Test("time steps stay unshifted while noise levels are shifted by the picture's size")
    func published() {
        // 1024 × 1024, 50 steps: the values that the reference prints.
        let schedule = Schedule(configuration, steps: 50, tokens: 4096)
        #expect(schedule.timesteps.prefix(3) == [1000, 980, 960] && schedule.timesteps.last == 20)
        let expected: [Float] = [1, 0.99376, 0.987342]
        for (ours, theirs) in zip(schedule.sigmas, expected) { #expect(abs(ours - theirs) < 1e-5) }
        #expect(abs(schedule.sigmas[49] - 0.062201) < 1e-5 && schedule.sigmas[50] == 0)
    }

    @Test("partial images are spread over the steps: as many as are asked for, fewer where there are too few steps, never one of the last step")
    func partials() {
        let schedule = Schedule(configuration, steps: 50, tokens: 4096)
        #expect(schedule.partialSteps(3) == [13, 25, 38] && schedule.partialSteps(1) == [25])
        for (step, noise) in zip([13, 25, 38], [0.902, 0.765, 0.506] as [Float]) { #expect(abs(schedule.sigmas[step] - noise) < 0.005) }
        for steps in 1...200 {
            let schedule = Schedule(configuration, steps: steps, tokens: 4096)
            for count in 0...3 {
                let shown = schedule.partialSteps(count)
                #expect(shown.count == min(count, steps - 1) && shown == Set(shown).sorted() && shown.allSatisfy((1..<max(steps, 2)).contains))
            }
        }
    }

    @Test("a solver that this build does not compute is refused by key")
    func refused() {
        let error = #expect(throws: (any Error).self) {
            try JSONDecoder().decode(SchedulerConfiguration.self, from: Data(#"{"use_karras_sigmas": true}"#.utf8))
        }
        #expect("\(error!)".contains("use_karras_sigmas"))
    }
}
