public import Tensor

// Steps of a loop as one call: what is queued again and again with the same shapes and addresses is recorded once.

extension AscendDevice {
    public func record(writing outputs: [Tensor], _ body: () -> Void) -> Recording? {
        guard fused.recording, stream.isUsable else { return nil }
        memory.isRecording = true
        defer { memory.isRecording = false }
        do {
            // Plans, constants, scratch memory and the workspace are made here, where they may be.
            withoutDerived(body)
            guard memory.isRecordable else { return nil }
            let expected = try outputs.map(bytes)
            for output in outputs { clear(output) }
            let recording = try stream.recording { withoutDerived(body) }
            _ = stream.replay(recording)
            if try outputs.map(bytes) == expected { return recording }
            stream.destroy(recording)
            stopRecording("a replay gives other bits than its operators")
        } catch let refusal as Stream.RecordingRefusal {
            stopRecording(refusal.reason)
        } catch { stream.remember(error) }
        return nil
    }

    public func replay(_ recording: Recording) -> Bool { stream.replay(recording) }

    /// Recordings that are there go on being used.
    func stopRecording(_ why: String) {
        fused.recording = false
        recordingFailure = why
    }

    /// What others have derived of operands is not the recording's to read, and what it derives is in memory that it writes again. Weights
    /// alone stay as they are, and what is made of them.
    private func withoutDerived(_ body: () -> Void) {
        stream.derived.removeAll(butOf: memory.holdsWeight)
        body()
        stream.derived.removeAll(butOf: memory.holdsWeight)
    }

    private func bytes(_ tensor: Tensor) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: tensor.byteCount)
        try bytes.withUnsafeMutableBytes { try read(tensor, into: $0) }
        return bytes
    }
}
