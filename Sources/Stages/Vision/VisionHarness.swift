import Domain
public import ServerKit
public import Wire

/// Answers ``Methods/Vision`` with a vision service.
public struct VisionHarness<Service: VisionService>: VisionHandler {
    private let service: Service
    private let gate: WorkGate

    public init(_ service: Service, gate: WorkGate) {
        self.service = service
        self.gate = gate
    }

    public func encode(_ request: EncodeRequest, _ call: ServerCall) async throws -> EncodeResponse {
        try RequestLimits.checkImageFile(request.image, "image")
        return try await gate.work(call) { token in
            let (grid, timings) = try await service.encode(request.image, token: token)
            return EncodeResponse(grid: grid, timings: timings)
        }
    }

    public func embed(_ request: EmbedRequest, _ call: ServerCall, send: @escaping Send<EmbedEvent>) async throws {
        try RequestLimits.checkImageFile(request.image, "image")
        try await gate.work(call) { token in
            let (rows, timings) = try await service.embed(request.image, maxPixels: request.maxPixels, token: token)
            try await send(.layout(EmbedLayout(grid: rows.grid, columns: rows.columns, element: rows.element)))
            for chunk in rows.chunks {
                try token.checkCancellation()
                try await send(.rows(chunk))
            }
            try await send(.result(EmbeddedImage(timings: timings)))
        }
    }
}

extension PictureRows {
    private static let chunkBytes = 1 << 20

    /// Whole rows, as many as fit a mebibyte, but at least one.
    var chunks: [RowChunk] {
        let rowBytes = columns * element.byteCount
        let step = max(1, Self.chunkBytes / rowBytes)
        return stride(from: 0, to: grid.count, by: step).map { first in
            let end = min(first + step, grid.count)
            return RowChunk(first: first, bytes: Array(bytes[first * rowBytes..<end * rowBytes]))
        }
    }
}
