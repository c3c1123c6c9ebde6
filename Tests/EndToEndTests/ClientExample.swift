import Domain
import Foundation
import GLMClient
import Wire

func drawCircle(gateway: String, into file: URL) async throws {
    let client = try GLMClient(gateway)
    let image = try await client.generate("a red circle", parameters: ImageOptions(height: 64, width: 64, seed: 7)) {
        print($0.stage, $0.done, "of", $0.total)
    }
    try Data(image.image).write(to: file)
    await client.close()
}
