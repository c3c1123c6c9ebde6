import Tensor

/// The memory of an image, or a tile of one, on its way through the autoencoder: three equal blocks, one of which holds it.
final class TileBuffer {
    let device: any Device
    /// `[height, width, channels]`.
    private(set) var current: Tensor
    private let blocks: [Tensor]
    /// The block that holds `current`.
    private var currentBlock = 0

    /// - Parameter elements: of the largest image on the way.
    init(elements: Int, on device: any Device) {
        self.device = device
        blocks = (0..<3).map { _ in device.makeTensor(Shape(elements), .f32) }
        current = blocks[0]
    }

    /// Makes an image with undefined contents the current one: the first step of an image or tile.
    func begin(height: Int, width: Int, channels: Int) {
        currentBlock = 0
        current = blocks[0].prefix(Shape(height, width, channels))
    }

    /// One of the two free blocks, 0 or 1, as an image of the current size.
    func scratch(_ index: Int, channels: Int) -> Tensor { scratch(index, height: current.shape[0], width: current.shape[1], channels: channels) }

    /// One of the two free blocks, 0 or 1, as an image.
    func scratch(_ index: Int, height: Int, width: Int, channels: Int) -> Tensor {
        blocks[block(index)].prefix(Shape(height, width, channels))
    }

    /// Makes the image in free block `index` the current one.
    func advance(to index: Int, _ image: Tensor) {
        currentBlock = block(index)
        current = image
    }

    private func block(_ index: Int) -> Int { (currentBlock + 1 + index) % 3 }
}
