public import Logging
import Wire

/// Has every request recorded, whichever way it came, before its caller hears how it ended; without a log, none.
public struct AuditTrail: Sendable {
    private let log: AuditLog?
    private let isClear: Bool

    /// - Parameter options: nil: there is no log.
    /// - Throws: why nothing can be written there.
    public init(_ options: AuditOptions?, logger: Logger) throws {
        log = try options.map { try AuditLog($0, logger: logger) }
        isClear = options?.isClear ?? false
    }

    /// Why nothing can be written now; nil while all is well.
    var problem: String? { get async { await log?.problem } }

    func recording(
        _ request: GenerateImageRequest, _ origin: AuditRecord.Origin, _ make: @Sendable () async throws -> GeneratedImage
    ) async throws -> GeneratedImage {
        try await recording(make) { AuditRecord(request, origin, $0, isClear: isClear) }
    }

    func recording(_ request: AnswerQuestionRequest, _ origin: AuditRecord.Origin, _ answer: @Sendable () async throws -> Answer) async throws
        -> Answer
    {
        try await recording(answer) { AuditRecord(request, origin, $0, isClear: isClear) }
    }

    /// Of a request that was refused before anybody worked on it.
    func record(_ request: GenerateImageRequest, _ origin: AuditRecord.Origin, refusal: any Error) async {
        await log?.write(AuditRecord(request, origin, .failure(refusal), isClear: isClear))
    }

    private func recording<Value: Sendable>(
        _ body: @Sendable () async throws -> Value, _ record: (Result<Value, any Error>) -> AuditRecord
    ) async throws -> Value {
        guard let log else { return try await body() }
        let result: Result<Value, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        await log.write(record(result))
        return try result.get()
    }
}

extension AuditRecord.Origin {
    init(_ call: ServerCall) { self.init(requestID: call.requestID, caller: call.caller.identity) }
}
