import Wire

/// One message of each type with every field set, and one with none.
enum Samples {
    static let grid = CodeGrid(height: 2, width: 3, codes: [0, 1, 16383, 7, -1, .max])
    static let sampling = Sampling(greedy: true, temperature: 0.9, topP: 0.75, topK: 50)
    static let timings = [Timing(phase: "prefill", seconds: 0.25), Timing(phase: "", seconds: 0)]
    static let limits = StageLimits(maxPromptBytes: 4096, maxPixels: 1 << 22, queueCapacity: 8, maxRequestBytes: 1 << 40)
    static let description = StageDescription(
        kind: "text", instance: "a-1", device: "npu:0", modelName: "glm-tiny", modelFingerprint: "00ff", build: "0.1.0", limits: limits,
        state: .draining, running: 1, queued: 3, processID: 4242, defaultSide: 1024, slots: 16, memoryBytes: 1 << 35, cacheHits: 5, cacheMisses: 6)
    static let picture: [UInt8] = [0x89, 0, 0xff, 0x0a]

    static let all: [any WireMessage] = [
        grid, CodeGrid(height: 0, width: 0, codes: []), GridSize(height: 13, width: 19), sampling, Sampling(),
        Sampling(temperature: 0, topP: 0, topK: 0),
        timings[0], timings[1],
        DescribeRequest(), description, limits, StageLimits(), DrainRequest(deadlineSeconds: 1.5), DrainRequest(), DrainResponse(inFlight: 2),
        EncodeRequest(image: picture), EncodeRequest(image: []), EncodeResponse(grid: grid, timings: timings),
        GenerateTokensRequest(prompt: "a “red” 圆 🍎", height: 1024, width: 32, sources: [grid, grid], seed: .max, sampling: sampling),
        GenerateTokensRequest(prompt: "", height: 0, width: 0, seed: 0),
        GenerateTokensEvent.layout(
            TokenLayout(preview: GridSize(height: 1, width: 2), target: GridSize(height: 3, width: 4), promptTokens: 5, totalTokens: 6)),
        GenerateTokensEvent.tokens(Tokens(first: 9, ids: [1, 2, 3])),
        GenerateTokensEvent.result(GeneratedTokens(preview: nil, target: grid, timings: timings)),
        TokenLayout(preview: nil, target: GridSize(height: 3, width: 4), promptTokens: 5, totalTokens: 6), Tokens(first: 0, ids: []),
        GeneratedTokens(preview: grid, target: grid),
        RenderRequest(
            prompt: "p", height: 64, width: 96, target: grid, sources: [SourcePicture(image: picture, codes: grid)], steps: 50, guidanceScale: 1.5,
            seed: 1 << 63, format: .jpeg, jpegQuality: 80),
        RenderEvent.step(RenderStep(step: 1, steps: 50)), RenderStep(step: 0, steps: 0), SourcePicture(image: [], codes: grid),
        RenderEvent.result(RenderedImage(image: picture, format: .png, height: 64, width: 96, timings: timings)),
        RenderedImage(image: [], format: .jpeg, height: 0, width: 0),
        GenerateImageRequest(
            prompt: "p", images: [picture, []], height: 64, width: 96, steps: 0, guidanceScale: 0, seed: 0, format: .jpeg, jpegQuality: 1,
            sampling: sampling),
        GenerateImageRequest(prompt: "p"),
        GenerateImageEvent.accepted(accepted), GenerateImageEvent.progress(Progress(stage: "text", done: 3, total: 9)),
        GenerateImageEvent.image(image),
        accepted, image, Progress(stage: "", done: 0, total: 0), StageTiming(stage: "text", instance: "0", phase: "decode", seconds: 1),
        StatusRequest(),
        FleetStatus(gateway: description, stages: [status, StageStatus(address: "h:1", health: .unknown, description: nil, problem: "gone")]),
        FleetStatus(
            gateway: description, stages: [], queues: [QueueStatus(kind: "vision", waiting: 0, running: 0, slots: 0, seconds: 0, done: 0)],
            cards: [CardStatus(name: "cpu")], jobs: JobCounts(queued: 0, running: 0, ended: 0), images: 1, retries: 2, refused: 3, uptimeSeconds: 4.5),
        status, QueueStatus(kind: "text", waiting: 3, running: 2, slots: 16, seconds: 0.5, done: 9),
        CardStatus(
            name: "npu:0", chip: "910B3", memoryTotal: 64 << 30, memoryFree: 1, health: "ok", temperature: 0, power: 91.3,
            stages: ["text-0", "vision-0"]),
        CardStatus(name: "cpu"), JobCounts(queued: 1, running: 2, ended: 3),
        SubmitJobRequest(id: "j", request: GenerateImageRequest(prompt: "p", images: [picture])), JobRequest(id: "j"), ListJobsRequest(),
        JobList(jobs: [job, Job(id: "k", state: .queued, prompt: "", submitted: 0)]), job,
        DrainStageRequest(stage: "vision-0", deadlineSeconds: 2.5, force: true), ScaleRequest(kind: "vision", replicas: 3),
        SwapRequest(kind: "diffusion", folder: "/m"), OperationEvent("started", stage: "diffusion-1"),
        HealthCheckRequest(service: "glm.v1.Text"), HealthCheckResponse(status: .serviceUnknown), HealthListRequest(),
        HealthListResponse(statuses: ["a": HealthCheckResponse(status: .serving), "": HealthCheckResponse(status: .notServing)]),
        ReflectionRequest(host: "h", question: .fileByFilename("text.proto")), ReflectionRequest(question: .fileContainingSymbol("glm.v1.Text")),
        ReflectionRequest(question: .fileContainingExtension(type: "t", number: 100)), ReflectionRequest(question: .allExtensionNumbers(type: "t")),
        ReflectionRequest(question: .listServices("")), ReflectionRequest(question: nil),
    ]

    private static let accepted = Accepted(
        requestID: "r", height: 64, width: 96, steps: 50, guidanceScale: 1.5, seed: 7, format: .png, sampling: sampling, sources: 2, modelName: "m",
        modelFingerprint: "f")
    private static let image = GeneratedImage(
        image: picture, format: .png, height: 64, width: 96, steps: 50, guidanceScale: 1.5, seed: 7, modelFingerprint: "f", build: "b",
        timings: [StageTiming(stage: "text", instance: "0", phase: "decode", seconds: 1)])
    private static let status = StageStatus(
        address: "unix:/a", health: .serving, description: description, inFlight: 2, supervised: true, restarts: 1)
    private static let job = Job(
        id: "j", state: .failed, prompt: "p", submitted: 1_790_000_000_000, ended: 1_790_000_000_001, attempts: 2,
        error: CallError(.unavailable, "gone"), progress: Progress(stage: "text", done: 1, total: 2))
}
