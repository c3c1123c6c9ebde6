import Tensor

/// The picture on its way through the autoencoder: three equal blocks of memory, one of which holds it.
final class Canvas {
    let device: any Device
    /// `[height, width, channels]`.
    private(set) var current: Tensor
    private let blocks: [Tensor]
    private var holder = 0

    /// - Parameter elements: the most that any image on the way has.
    init(elements: Int, on device: any Device) {
        self.device = device
        blocks = (0..<3).map { _ in device.makeTensor(Shape(elements), .f32) }
        current = blocks[0]
    }

    /// Makes an image with undefined contents the current one: the first of a picture or tile.
    func begin(height: Int, width: Int, channels: Int) {
        holder = 0
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
        holder = block(index)
        current = image
    }

    private func block(_ index: Int) -> Int { (holder + 1 + index) % 3 }
}
