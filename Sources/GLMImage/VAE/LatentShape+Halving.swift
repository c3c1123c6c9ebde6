extension LatentShape {
    /// Of the means of 2 × 2 latents. Height and width are even: a code covers four latents each way.
    package var halved: LatentShape { LatentShape(channels: channels, height: height / 2, width: width / 2) }

    /// The means of 2 × 2 `latents [channels, height, width]`: `[channels, height / 2, width / 2]`.
    package func halve(_ latents: [Float]) -> [Float] {
        let half = halved
        var result = [Float](repeating: 0, count: half.count)
        for channel in 0..<channels {
            for row in 0..<half.height {
                for column in 0..<half.width {
                    let above = (channel * height + 2 * row) * width + 2 * column, below = above + width
                    let sum = latents[above] + latents[above + 1] + latents[below] + latents[below + 1]
                    result[(channel * half.height + row) * half.width + column] = sum / 4
                }
            }
        }
        return result
    }
}
