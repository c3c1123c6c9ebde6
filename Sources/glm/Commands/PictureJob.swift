import Processes
import Domain
import Files
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
        let orders = try (0..<options.count).map { index in
            (file: output.numbered(index, of: options.count), request: try options.request(prompt, images: images, seed: seed + UInt64(index)))
        }
        for order in orders { try order.file.target.check() }
        let screen = Screen(quiet: options.json)
        let kinds = PipelineID.image.stages(sources: images.count)
        try await options.fleet.working(kinds, screen) { gateway in
            try show(try await make(orders, at: gateway, screen))
        }
    }

    /// Leaves the requests with the gateway that runs; prints a line for each.
    private func detach() async throws {
        let options = options.picture
        guard let gateway = try await options.fleet.runningGateway(Screen(quiet: options.json)) else {
            throw ClientError("--detach needs a gateway that runs; start one by glm up")
        }
        let seed = try options.firstSeed()
        let client = JobsClient(gateway.connection)
        do {
            for index in 0..<options.count {
                let request = try options.request(prompt, images: images, seed: seed + UInt64(index))
                try printLine(try await client.submit(SubmitJobRequest(request: request), CallSettings(timeout: .seconds(60))).id)
            }
        } catch let error as CallError {
            throw await gateway.explained(error)
        }
    }

    private func make(_ orders: [(file: OutputFile, request: GenerateImageRequest)], at gateway: RunningGateway, _ screen: Screen) async throws
        -> [PictureReport]
    {
        let client = GatewayClient(gateway.connection)
        var pictures: [PictureReport] = []
        // The images are made all the same; what could not be said about them is the exit code's matter.
        var unwritten: StandardStream.Failure?
        for order in orders {
            let accepted = Slot<Accepted>()
            do {
                let image = try await client.generate(order.request, CallSettings(requestID: RequestID.make())) { event in
                    switch event {
                    case .accepted(let values): accepted.value = values
                    case .progress(let progress): screen.show(progress)
                    case .image: break
                    }
                }
                screen.end()
                try order.file.write(image.image, keepsCopy: true)
                let report = PictureReport(order.file, image, requestID: accepted.value?.requestID)
                pictures.append(report)
                guard !options.picture.json else { continue }
                do throws(StandardStream.Failure) { try report.print(toError: order.file.target.isStandardOutput) } catch { unwritten = error }
            } catch let error as CallError {
                screen.end()
                throw await gateway.explained(error)
            } catch {
                screen.end()
                throw error
            }
        }
        if let unwritten { throw unwritten }
        return pictures
    }

    private func show(_ pictures: [PictureReport]) throws {
        guard options.picture.json else { return }
        try printJSON(["images": pictures])
    }
}
