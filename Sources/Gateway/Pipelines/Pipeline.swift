package import Domain
package import Wire

/// What one request needs from stages, as a value: it says the next step and takes in what came of it. The router runs any.
///
/// Decisions only, without clocks or sockets. A call that is made again on another stage begins anew: a pipeline tells the caller
/// only progress that is new.
package protocol Pipeline: Sendable {
    associatedtype Response: Sendable

    /// - Throws: INTERNAL when what a stage has answered does not fit the request.
    var next: PipelineStep<Response> { get throws(CallError) }

    /// A stage has sent an event for one of the calls of the step.
    /// - Returns: what the caller is to hear; nil: nothing.
    mutating func received(_ event: StageEvent, for call: StageCall, from source: StageSource) -> Progress?

    /// In the caller's words: what a stage refused.
    func refusal(_ error: CallError, of call: StageCall) -> CallError
}

extension Pipeline {
    package func refusal(_ error: CallError, of call: StageCall) -> CallError { error }
}

package enum PipelineStep<Response: Sendable>: Sendable {
    /// These calls, at the same time; the caller hears `progress` before them.
    case calls([StageCall], progress: Progress?)
    case done(Response)
}

/// One call of a step.
package struct StageCall: Sendable, Hashable {
    /// Among the calls of its step, from 0.
    package let index: Int
    package let request: StageRequest
    /// What it costs a stage, in units of its kind.
    package let units: Forecast.Units

    package init(index: Int = 0, _ request: StageRequest, units: Forecast.Units) {
        self.index = index
        self.request = request
        self.units = units
    }
}

/// Who sent an event.
package struct StageSource: Sendable, Hashable {
    package let instance: String
    /// Fingerprint of its model.
    package let fingerprint: String
    /// How it computes.
    package let numerics: Numerics

    package init(instance: String, fingerprint: String, numerics: Numerics = Numerics()) {
        self.instance = instance
        self.fingerprint = fingerprint
        self.numerics = numerics
    }
}
