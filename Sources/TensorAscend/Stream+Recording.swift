import CAscend
import Tensor

// CANN's graphs of recorded operators (aclmdlRI).

extension Stream {
    /// What is being recorded.
    struct Capture {
        var operators = 0
        /// Where the operators write.
        var written: Set<UnsafeMutableRawPointer> = []
        /// Why it can't be used; nil so far.
        var failure: String?
    }

    struct RecordingRefusal: Error {
        let reason: String
    }

    /// Whether calls are allowed that CANN forbids while it records: whatever waits, copies or allocates. A capture in which one was tried
    /// has failed, and none of it is called.
    func allows(_ what: @autoclosure () -> String) -> Bool {
        guard capture != nil else { return true }
        if capture?.failure == nil { capture?.failure = what() }
        return false
    }

    /// Records the operators that `body` queues; none of them runs.
    /// - Throws: why it can't be recorded. The stream is as it was before.
    func recording(of body: () -> Void) throws(RecordingRefusal) -> Recording {
        guard let begin = api.pointee.aclmdlRICaptureBegin, let end = api.pointee.aclmdlRICaptureEnd, api.pointee.aclmdlRIExecuteAsync != nil,
            api.pointee.aclmdlRIDestroy != nil
        else { throw RecordingRefusal(reason: "CANN has no aclmdlRICaptureBegin") }
        if recordings.isFull, wait(), let oldest = recordings.removeOldest() { destroy(oldest) }
        // Other threads drive other devices meanwhile, and may wait and allocate.
        var code = runtime { _ in begin(handle, ACL_MODEL_RI_CAPTURE_MODE_THREAD_LOCAL) }
        guard code == 0 else { throw refusal(code, "aclmdlRICaptureBegin") }
        capture = Capture()
        body()
        let captured = capture ?? Capture()
        capture = nil
        var graph: aclmdlRI?
        code = runtime { _ in end(handle, &graph) }
        if code == 0, captured.failure == nil, let graph {
            let recording = Recording()
            recordings.insert(Recordings.Graph(recording: recording, handle: graph, operators: captured.operators, written: captured.written))
            return recording
        }
        if let graph { destroy(graph) }
        throw captured.failure.map { RecordingRefusal(reason: "\($0), while it records") } ?? refusal(code, "aclmdlRICaptureEnd")
    }

    /// Queues a recording. False if there is no such one any more.
    func replay(_ recording: Recording) -> Bool {
        guard let execute = api.pointee.aclmdlRIExecuteAsync, let graph = recordings.graph(of: recording) else { return false }
        for address in graph.written { derived.forget(address) }
        check("aclmdlRIExecuteAsync") { _ in execute(graph.handle, handle) }
        calls.replayed += graph.operators
        return true
    }

    /// Forgets one, whose replays have run.
    func destroy(_ recording: Recording) { if let graph = recordings.remove(recording) { destroy(graph) } }

    /// Forgets all, whose replays have run.
    func destroyRecordings() { for graph in recordings.removeAll() { destroy(graph) } }

    private func destroy(_ graph: aclmdlRI) {
        if let destroy = api.pointee.aclmdlRIDestroy { _ = runtime { _ in destroy(graph) } }
    }

    private func refusal(_ code: aclError, _ what: String) -> RecordingRefusal {
        RecordingRefusal(reason: "\(what) answered \(code)\(recentMessage(api.pointee))")
    }
}
