import Domain
import Wire

enum Samples {
    static let grid = CodeGrid(GridSize(height: 2, width: 3), codes: [0, 1, 16383, 7, -1, .max])
    static let parameters = try! ImageParameters(ImageOptions(height: 64, width: 96, seed: 0))
    static let question = try! AnswerParameters(AnswerOptions(seed: 0))
    static let conversation = try! Conversation([ChatMessage(.user, "q")])
    static let rows = try! PictureRows(grid: GridSize(height: 1, width: 2), columns: 1, element: .bf16, bytes: [1, 2, 3, 4])

    /// Messages with as little set as their types allow.
    static let sparse: [any WireMessage] = [
        grid, parameters, ImageOptions(), GridSize(), Sampling(), Timing(), DescribeRequest(), StageDescription(), WatchLoadRequest(), StageLoad(),
        StageLimits(), DrainRequest(), DrainResponse(), EncodeRequest(), EncodeResponse(grid: grid),
        try! TokenRequest(prompt: "p", parameters: parameters), TokenLayout(target: GridSize()), Tokens(), GeneratedTokens(target: grid),
        try! RenderRequest(prompt: "p", parameters: parameters, target: grid), RenderStep(), PartialRendering(), RenderedImage(),
        GenerateImageRequest(),
        Accepted(parameters: parameters), Progress(), PartialImage(), LinePlace(), ImageUsage(), GeneratedImage(parameters: parameters),
        StageTiming(), Numerics(), StageNumerics(),
        StatusRequest(),
        FleetStatus(gateway: StageDescription()), QueueStatus(), CardStatus(), JobCounts(), StageStatus(),
        SubmitJobRequest(request: GenerateImageRequest()), JobRequest(), ListJobsRequest(), JobList(), Job(), DrainStageRequest(), ScaleRequest(),
        SwapRequest(), OperationEvent(), HealthCheckRequest(), HealthCheckResponse(), HealthListRequest(), HealthListResponse(),
        ServerReflectionRequest(), AnswerQuestionRequest(), ChatMessage(role: .user), ChatMessage.Part.image([]), AnswerOptions(), question,
        conversation, AcceptedQuestion(parameters: question), QuestionImage(), AnswerLayout(), AnswerDelta(), TokenLogprob(),
        TokenLogprob.Alternative(), AnswerUsage(), AnswerBox(), Answer(finish: .stop, parameters: question), rows, EmbedRequest(),
        EmbedLayout(grid: GridSize(), element: .f32), RowChunk(), EmbeddedImage(), AnswerResult(), PromptReading(),
        try! ImageSizeRule(cellSide: 28, frames: 2, minPixels: 12_544, maxPixels: 9_633_792), ModelInformation(),
        try! AnswerRequest(conversation: conversation, pictures: [], parameters: question),
        // Set, though zero: not the same as not set.
        GenerateImageRequest(explicitLabel: false),
        Numerics(determinism: 0),
        StageNumerics(insteadOf: Numerics()), Sampling(temperature: 0, topP: 0, topK: 0),
        ImageOptions(height: 0, width: 0, steps: 0, guidanceScale: 0, seed: 0),
        AnswerOptions(
            maxTokens: 0, seed: 0, temperature: 0, topP: 0, topK: 0, minP: 0, repetitionPenalty: 0, presencePenalty: 0, frequencyPenalty: 0,
            logprobs: 0, thinkingBudget: 0, maxPixels: 0),
    ]
}
