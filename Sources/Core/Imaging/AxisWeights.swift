import Kernels

/// Which source pixels make each pixel of a resized axis, and with what weight.
///
/// For the window of the resized axis that is needed. Every pixel has the same even number of taps,
/// the last ones of weight 0 where fewer are needed; these may lie beyond the source.
struct AxisWeights {
  /// First source pixel of each output pixel.
  let starts: [Int32]
  let tapCount: Int
  /// `tapCount` for each output pixel, 14 fractional bits, their sum exactly 1.
  let weights: [Int16]
  /// Every output pixel is one source pixel: nothing is resized.
  let isIdentity: Bool

  private static let one = 1 << Int(apus_weight_bits)

  /// `window` is a range of 0..<`resized`.
  init(source: Int, resized: Int, window: Range<Int>, filter: ResizeFilter) {
    if source == resized {
      self.init(identityOver: window)
    } else {
      switch filter {
      case .pillow: self.init(triangleFrom: source, to: resized, window: window)
      case .opencv: self.init(nearestTwoFrom: source, to: resized, window: window)
      }
    }
  }

  private init(identityOver window: Range<Int>) {
    starts = window.map(Int32.init)
    tapCount = 2
    weights = window.flatMap { _ in [Int16(Self.one), 0] }
    isIdentity = true
  }

  /// A triangle around each output pixel's centre, as wide as the shrinking and no narrower than a
  /// source pixel: the filter that Pillow's documentation calls BILINEAR.
  private init(triangleFrom source: Int, to resized: Int, window: Range<Int>) {
    let scale = Double(source) / Double(resized)
    let support = max(scale, 1)
    let covered = window.map { output in
      let centre = (Double(output) + 0.5) * scale
      return max(0, Int(centre - support + 0.5))..<min(source, Int(centre + support + 0.5))
    }
    let taps = ((covered.map(\.count).max() ?? 1) + 1) & ~1
    var weights = [Int16](repeating: 0, count: taps * window.count)
    var exact = [Double](repeating: 0, count: taps)
    for (place, output) in window.enumerated() {
      let centre = (Double(output) + 0.5) * scale
      for tap in 0..<taps {
        let pixel = covered[place].lowerBound + tap
        let distance = (Double(pixel) - centre + 0.5) / support
        exact[tap] = covered[place].contains(pixel) ? max(0, 1 - abs(distance)) : 0
      }
      Self.quantise(exact, into: &weights, at: place * taps)
    }
    starts = covered.map { Int32($0.lowerBound) }
    self.weights = weights
    tapCount = taps
    isIdentity = false
  }

  /// The two source pixels whose centres lie around the output pixel's: OpenCV's INTER_LINEAR.
  private init(nearestTwoFrom source: Int, to resized: Int, window: Range<Int>) {
    let scale = Double(source) / Double(resized)
    var starts: [Int32] = []
    var weights: [Int16] = []
    for output in window {
      let place = min(max((Double(output) + 0.5) * scale - 0.5, 0), Double(source - 1))
      let first = Int(place)
      let second = Int(((place - Double(first)) * Double(Self.one)).rounded())
      starts.append(Int32(first))
      weights += [Int16(Self.one - second), Int16(second)]
    }
    self.starts = starts
    self.weights = weights
    tapCount = 2
    isIdentity = false
  }

  /// Rounds the running sum instead of each weight, so that the parts add up to one whole and an
  /// even surface keeps its colour, however many taps there are.
  private static func quantise(_ exact: [Double], into weights: inout [Int16], at start: Int) {
    let unit = Double(one) / exact.reduce(0, +)
    var sum = 0.0
    var given = 0
    for (tap, weight) in exact.enumerated() {
      sum += weight * unit
      let upToHere = Int(sum.rounded())
      weights[start + tap] = Int16(upToHere - given)
      given = upToHere
    }
  }

  /// The weights as `apus_resample_row` wants them: pixel by pixel in twos, each pair of taps four
  /// times; the last pixel twice where the count is odd.
  var columns: (starts: [Int32], weights: [Int16]) {
    let pairs = tapCount / 2
    let count = (starts.count + 1) & ~1
    var spread = [Int16](repeating: 0, count: count * pairs * 8)
    for pixel in 0..<count {
      let source = min(pixel, starts.count - 1) * tapCount
      for pair in 0..<pairs {
        let target = pixel / 2 * pairs * 16 + pair * 16 + pixel % 2 * 8
        for copy in 0..<4 {
          spread[target + 2 * copy] = weights[source + 2 * pair]
          spread[target + 2 * copy + 1] = weights[source + 2 * pair + 1]
        }
      }
    }
    return (starts + starts.suffix(count - starts.count), spread)
  }
}
