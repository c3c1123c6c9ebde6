import Foundation
import GLMTiny
import Domain
import Synchronization
import Terminal
import Wire

/// Times a fleet as its callers see it: how long it takes to come up, and what of a picture's time is not its stages' work.
struct FleetBenchmark {
    struct Report: Encodable {
        let width, height, steps, pictures: Int
        /// From the first process to the first request that may come.
        let coldStartSeconds: Double
        /// Medians over the pictures, of one caller after another.
        let pictureMilliseconds: Double
        let stageMilliseconds: [String: Double]
        /// Of a picture, what no stage accounts for: gateway, wire and client.
        let otherMilliseconds: Double
        /// Of the same pictures with partial images; nil: there were none.
        var partials: PartialsReport?

        var table: String {
            let stages = stageMilliseconds.sorted { $0.key > $1.key }.map { [$0.key, Self.text($0.value), share($0.value)] }
            let rows =
                [["cold start", Self.text(1000 * coldStartSeconds), ""], ["picture", Self.text(pictureMilliseconds), ""]] + stages
                + [["gateway and wire", Self.text(otherMilliseconds), share(otherMilliseconds)]]
                + (partials.map { partials in
                    [
                        ["first partial image", partials.firstMilliseconds.map(Self.text) ?? "none", partials.firstMilliseconds.map(share) ?? ""],
                        ["\(partials.count) partial images", Self.text(partials.costMilliseconds), share(partials.costMilliseconds)],
                    ]
                } ?? [])
            return (["\(width)×\(height), \(steps) steps, median of \(pictures), ms", ""] + TextTable.lines(rows)).joined(separator: "\n")
        }

        private func share(_ milliseconds: Double) -> String { String(format: "%.1f %%", 100 * milliseconds / pictureMilliseconds) }
        private static func text(_ milliseconds: Double) -> String { String(format: "%.1f", milliseconds) }
    }

    struct PartialsReport: Encodable {
        /// Of a picture, the median.
        let count: Int
        /// From the request to the first of them; nil: none came.
        let firstMilliseconds: Double?
        /// What a picture takes longer with them.
        let costMilliseconds: Double
    }

    let model: String?
    let threads: Int?
    let precision: PrecisionChoice
    /// Pixels; nil: what the model draws best.
    let side: Int?
    let steps: Int
    /// That each picture is made with, once more; 0: none is.
    let partialImages: Int
    /// Pictures are drawn until this much time has passed, and at least three.
    let budget: Duration

    func run() async throws -> Report {
        let begin = ContinuousClock.now
        let fleet = try await PrivateFleet.start(
            [.text, .diffusion], for: [.image], models: model.map { [$0] } ?? [], threads: threads, precision: precision)
        let coldStart = begin.duration(to: .now)
        do {
            let report = try await measure(fleet, coldStart.inSeconds)
            await fleet.stop()
            return report
        } catch {
            await fleet.stop()
            throw error
        }
    }

    private func measure(_ fleet: PrivateFleet, _ coldStart: Double) async throws -> Report {
        let client = GatewayClient(try StageConnection(to: fleet.address))
        func picture(_ seed: UInt64, partials: Int = 0, onPartial: @escaping @Sendable () -> Void = {}) async throws -> GeneratedImage {
            let request = GenerateImageRequest(
                prompt: "a red circle above a blue square", parameters: ImageOptions(height: side, width: side, steps: steps, seed: seed),
                partialImages: partials)
            return try await client.generate(request) { if case .partial = $0 { onPartial() } }
        }
        // The first one re-lays convolutions and sizes workspaces.
        let first = try await picture(0)
        var pictures: [(whole: Double, image: GeneratedImage)] = []
        var withPartials: [(whole: Double, partials: [Double])] = []
        let start = ContinuousClock.now
        while pictures.count < 3 || start.duration(to: .now) < budget {
            let begin = ContinuousClock.now
            let image = try await picture(UInt64(pictures.count + 1))
            pictures.append((begin.duration(to: .now).inSeconds, image))
            guard partialImages > 0 else { continue }
            let again = ContinuousClock.now, times = Mutex<[Double]>([])
            _ = try await picture(UInt64(pictures.count), partials: partialImages) {
                times.withLock { $0.append(again.duration(to: .now).inSeconds) }
            }
            withPartials.append((again.duration(to: .now).inSeconds, times.withLock { $0 }))
        }
        // The gateway's own phase is the whole request.
        let stages = Set(first.timings.map(\.stage)).intersection(StageKind.allCases.map(\.rawValue))
        func seconds(_ image: GeneratedImage, _ stage: String) -> Double { image.timings.filter { $0.stage == stage }.reduce(0) { $0 + $1.seconds } }
        var report = Report(
            width: first.parameters.width, height: first.parameters.height, steps: steps, pictures: pictures.count, coldStartSeconds: coldStart,
            pictureMilliseconds: 1000 * Self.median(pictures.map(\.whole)),
            stageMilliseconds: Dictionary(
                uniqueKeysWithValues: stages.map { stage in (stage, 1000 * Self.median(pictures.map { seconds($0.image, stage) })) }),
            otherMilliseconds: 1000 * Self.median(pictures.map { whole, image in whole - stages.reduce(0) { $0 + seconds(image, $1) } }))
        guard partialImages > 0 else { return report }
        let firsts = withPartials.compactMap(\.partials.first)
        report.partials = PartialsReport(
            count: Int(Self.median(withPartials.map { Double($0.partials.count) })),
            firstMilliseconds: firsts.isEmpty ? nil : 1000 * Self.median(firsts),
            costMilliseconds: 1000 * Self.median(zip(withPartials, pictures).map { $0.whole - $1.whole }))
        return report
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}
