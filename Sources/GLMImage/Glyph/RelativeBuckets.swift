import Foundation

/// T5's bidirectional buckets of distance: half for keys after the query, in each half exact near and logarithmic far.
///
/// Reference: transformers 5.23 `T5Attention._relative_position_bucket`.
package struct RelativeBuckets: Sendable {
    private let half: Int
    private let exact: Int
    private let octaves: Float

    package init(count: Int, maximumDistance: Int) {
        half = count / 2
        exact = half / 2
        octaves = Float(log(Double(maximumDistance) / Double(exact)))
    }

    /// - Parameter distance: the key's place minus the query's.
    package func bucket(distance: Int) -> Int {
        let magnitude = abs(distance)
        let side = distance > 0 ? half : 0
        if magnitude < exact { return side + magnitude }
        // In f32 and in this order, as the reference; a bucket's border must not move by a rounding.
        let place = logf(Float(magnitude) / Float(exact)) / octaves * Float(half - exact)
        return side + min(exact + Int(place), half - 1)
    }
}
