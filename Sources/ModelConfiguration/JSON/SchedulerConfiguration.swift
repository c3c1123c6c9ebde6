package import Checkpoint

/// `scheduler/scheduler_config.json`: diffusers `FlowMatchEulerDiscreteScheduler`, the plain Euler method.
package struct SchedulerConfiguration: Decodable {
    package enum Shifting: Equatable {
        case constant(Float)
        case linear
        case exponential
    }

    package let trainingSteps: Int
    package let shifting: Shifting
    package let baseShift: Double
    package let maximumShift: Double
    package let baseTokens: Int

    enum CodingKeys: String, CodingKey {
        case trainingSteps = "num_train_timesteps"
        case shift
        case dynamic = "use_dynamic_shifting"
        case type = "time_shift_type"
        case baseShift = "base_shift"
        case maximumShift = "max_shift"
        case baseTokens = "base_image_seq_len"
        case terminal = "shift_terminal"
        case invert = "invert_sigmas"
        case stochastic = "stochastic_sampling"
        case karras = "use_karras_sigmas"
        case exponential = "use_exponential_sigmas"
        case beta = "use_beta_sigmas"
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        for key in [CodingKeys.invert, .stochastic, .karras, .exponential, .beta] {
            let on = try values.value(key, default: false)
            try values.check(!on, key, "true is not supported")
        }
        let terminal = try values.decodeIfPresent(Float.self, forKey: .terminal)
        try values.check(terminal == nil, .terminal, "\(terminal ?? 0) is not supported")
        trainingSteps = try values.size(.trainingSteps, LargestSize.vocabulary, default: 1000)
        // Absent values take the pipeline's `calculate_shift`, where an absent key of the scheduler is looked up.
        baseShift = try values.value(.baseShift, default: 0.25)
        maximumShift = try values.value(.maximumShift, default: 0.75)
        baseTokens = try values.size(.baseTokens, LargestSize.area, default: 256)
        if try values.value(.dynamic, default: false) {
            let type = try values.value(.type, default: "exponential")
            try values.check(type == "linear" || type == "exponential", .type, "\(type) is neither linear nor exponential")
            shifting = type == "linear" ? .linear : .exponential
        } else {
            shifting = .constant(try values.value(.shift, default: 1))
        }
    }

    package static func load(_ model: ModelFolder) throws -> SchedulerConfiguration {
        try model.configuration(SchedulerConfiguration.self, "scheduler/scheduler_config.json")
    }
}
