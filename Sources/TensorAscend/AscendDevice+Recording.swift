public import Tensor

// Steps of a loop as one call: what is queued again and again with the same shapes and addresses is recorded once.

extension AscendDevice {
    public func record(writing outputs: [Tensor], _ body: () -> Void) -> Recording? {
        guard fused.recording, stream.isUsable else { return nil }
        memory.isRecording = true
        defer {
            memory.isRecording = false
            stream.derived.removeAll()
        }
        do {
            // Plans, constants, scratch memory and the workspace are made here, where they may be.
            stream.derived.removeAll()
            body()
            let expected = try outputs.map(bytes)
            for output in outputs { clear(output) }
            stream.derived.removeAll()
            let recording = try stream.recording(of: body)
            _ = stream.replay(recording)
            if try outputs.map(bytes) == expected { return recording }
            stream.destroy(recording)
            stopRecording("a replay gives other bits than its operators")
        } catch let refusal as Stream.RecordingRefusal {
            stopRecording(refusal.reason)
        } catch { stream.remember(error) }
        return nil
    }

    public func replay(_ recording: Recording) -> Bool {
        // Whatever they were made of may be written.
        stream.derived.removeAll()
        return stream.replay(recording)
    }

    /// Recordings that are there go on being used.
    func stopRecording(_ why: String) {
        fused.recording = false
        recordingFailure = why
    }

    private func bytes(_ tensor: Tensor) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: tensor.byteCount)
        try bytes.withUnsafeMutableBytes { try read(tensor, into: $0) }
        return bytes
    }
}
