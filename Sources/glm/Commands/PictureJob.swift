import Processes
import Domain
import Files
import GLMTiny
import ServerKit
import Wire

/// Makes the pictures of one command, one after the other.
struct PictureJob: Sendable {
    let prompt: String
    let images: [[UInt8]]
    private let options: Settings

    /// What of the options is needed where tasks run.
    private struct Settings: @unchecked Sendable {
        // Only read, after parsing.
        let picture: PictureOptions
    }

    init(prompt: String, images: [[UInt8]], options: PictureOptions) {
        self.prompt = prompt
        self.images = images
        self.options = Settings(picture: options)
    }

    func run() async throws {
        let options = options.picture
        guard let path = options.output else { return try await detach() }
        let output = try OutputFile(path)
        let seed = try options.firstSeed()
        let orders = (0..<options.count).map { Order(file: output.numbered($0, of: options.count), seed: seed + UInt64($0)) }
        for order in orders { try order.file.target.check() }
        let screen = Screen(quiet: options.json)
        let kinds = PipelineID.image.stages(sources: images.count)
        try await options.fleet.working(kinds, for: options.enhance ? [.image, .answer] : [.image], stepCache: options.stepCache, screen) { gateway in
            try show(try await make(orders, at: gateway, screen))
        }
    }

    /// Leaves the requests with the gateway that runs; prints a line for each.
    private func detach() async throws {
        let options = options.picture
        let screen = Screen(quiet: options.json)
        guard let gateway = try await options.fleet.runningGateway(screen) else {
            throw ClientError("--detach needs a gateway that runs; start one by glm up")
        }
        let seed = try options.firstSeed()
        let prompt = try await enhanced(seed, at: gateway, screen) ?? prompt
        for index in 0..<options.count {
            // Named here: submitted again it is the same job.
            let job = SubmitJobRequest(id: JobID.make(), request: try options.request(prompt, images: images, seed: seed + UInt64(index)))
            try printLine(try await gateway.calling { try await JobsClient($0).submit(job, CallSettings(timeout: .seconds(60))) }.id)
        }
    }

    /// One of the pictures.
    private struct Order {
        let file: OutputFile
        let seed: UInt64
    }

    private func make(_ orders: [Order], at gateway: RunningGateway, _ screen: Screen) async throws -> [PictureReport] {
        var pictures: [PictureReport] = []
        let enhanced = try await enhanced(orders[0].seed, at: gateway, screen)
        // The images are made all the same; what could not be said about them is the exit code's matter.
        var unwritten: StandardStream.Failure?
        for order in orders {
            let accepted = Slot<Accepted>()
            let previews = Previews(picture: order.file, screen: screen)
            do {
                let request = try options.picture.request(enhanced ?? prompt, images: images, seed: order.seed)
                let image = try await gateway.calling { connection in
                    try await GatewayClient(connection).generate(request, CallSettings(requestID: RequestID.make())) { event in
                        switch event {
                        case .accepted(let values): accepted.value = values
                        case .progress(let progress): screen.show(progress)
                        case .place(let place): screen.show(place)
                        case .partial(let partial): previews.show(partial)
                        case .image: break
                        }
                    }
                }
                screen.end()
                try order.file.write(image.image, keepsCopy: true)
                let report = PictureReport(order.file, image, enhancedPrompt: enhanced, requestID: accepted.value?.requestID)
                pictures.append(report)
                guard !options.picture.json else { continue }
                do throws(StandardStream.Failure) { try report.print(toError: order.file.target.isStandardOutput) } catch { unwritten = error }
            } catch {
                screen.end()
                throw error
            }
        }
        if let unwritten { throw unwritten }
        return pictures
    }

    /// The prompt as the question model rewrites it; nil where that was not asked for.
    private func enhanced(_ seed: UInt64, at gateway: RunningGateway, _ screen: Screen) async throws -> String? {
        guard options.picture.enhance else { return nil }
        let prompt = try await PromptEnhancement.rewrite(prompt, seed: seed, by: options.picture.enhanceModel ?? "", at: gateway)
        screen.say("prompt: \(prompt)")
        return prompt
    }

    private func show(_ pictures: [PictureReport]) throws {
        guard options.picture.json else { return }
        try printJSON(["images": pictures], snakeCase: true)
    }
}
