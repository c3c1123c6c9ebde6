import Wire

enum Samples {
    static let grid = CodeGrid(height: 2, width: 3, codes: [0, 1, 16383, 7, -1, .max])

    /// Messages with as little set as their types allow.
    static let sparse: [any WireMessage] = [
        CodeGrid(), GridSize(), Sampling(), Timing(), DescribeRequest(), StageDescription(), StageLimits(), DrainRequest(), DrainResponse(),
        EncodeRequest(), EncodeResponse(grid: CodeGrid()), GenerateTokensRequest(), TokenLayout(target: GridSize()), Tokens(),
        GeneratedTokens(target: CodeGrid()), RenderRequest(target: CodeGrid()), SourcePicture(codes: CodeGrid()), RenderStep(), RenderedImage(),
        GenerateImageRequest(), Accepted(), Progress(), GeneratedImage(), StageTiming(), StatusRequest(), FleetStatus(gateway: StageDescription()),
        QueueStatus(), CardStatus(), JobCounts(), StageStatus(), SubmitJobRequest(request: GenerateImageRequest()), JobRequest(), ListJobsRequest(),
        JobList(), Job(), DrainStageRequest(), ScaleRequest(), SwapRequest(), OperationEvent(), HealthCheckRequest(), HealthCheckResponse(),
        HealthListRequest(), HealthListResponse(), ServerReflectionRequest(),
        // Set, though zero: not the same as not set.
        Sampling(temperature: 0, topP: 0, topK: 0), GenerateImageRequest(height: 0, steps: 0, guidanceScale: 0, seed: 0),
    ]
}
