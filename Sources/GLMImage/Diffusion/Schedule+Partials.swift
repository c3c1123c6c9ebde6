extension Schedule {
    /// The steps, counted from 1, whose prediction of the image is shown: spread evenly over the schedule. Fewer than `count` where there are
    /// too few steps; never the last, whose prediction is the image.
    ///
    /// How far a prediction is from the image falls about as the noise level does, and that falls more slowly at first: 1024 × 1024 pixels in
    /// 50 steps have three at noise levels of 0.90, 0.76 and 0.51. A first one nearer to the beginning would show what the codes allow in
    /// the mean, and later ones would come when the image is nearly there.
    package func partialSteps(_ count: Int) -> [Int] {
        let steps = timesteps.count
        let even = (0..<count).map { (($0 + 1) * steps + count) / (count + 1) }
        return Set(even.filter { $0 < steps }).sorted()
    }
}
