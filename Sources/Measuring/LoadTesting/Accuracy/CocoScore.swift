/// How well boxes that were found agree with those that people drew: mean average precision, as COCO
/// defines it.
///
/// The definition is that of cocoeval.py in COCO's API, `iouType` bbox: for each class and each of ten
/// overlaps from 0.5 to 0.95, boxes in the order of their scores are right where they overlap one that
/// was drawn and is not taken yet by so much; precision is read at 101 recalls; the 100 best of each
/// photo and class count.
struct CocoScore {
  /// A box that somebody drew.
  struct Truth: Sendable, Equatable {
    let box: CocoBox
    /// Of what is drawn, which is less than the box where an outline was drawn; in square pixels.
    let area: Double
    /// It stands for several that nobody told apart: finding it is neither right nor wrong.
    let isCrowd: Bool
  }

  struct Found: Sendable, Equatable {
    let box: CocoBox
    let score: Double
  }

  /// What is drawn and found of one class in one photo.
  struct Pair: Sendable {
    var truths: [Truth] = []
    var found: [Found] = []
  }

  static let foundCountMax = 100
  /// As NumPy's `linspace` makes them.
  static let overlaps = steps(from: 0.5, to: 0.95, count: 10)
  static let recalls = steps(from: 0, to: 1, count: 101)

  private static func steps(from start: Double, to end: Double, count: Int) -> [Double] {
    let step = (end - start) / Double(count - 1)
    return (0..<count - 1).map { start + Double($0) * step } + [end]
  }

  /// Sizes of things that are scored by themselves, in square pixels.
  enum Size: CaseIterable {
    case all, small, medium, large

    var areas: ClosedRange<Double> {
      switch self {
      case .all: 0...1e10
      case .small: 0...1024
      case .medium: 1024...9216
      case .large: 9216...1e10
      }
    }
  }

  /// Sums of precisions at each overlap, and how many they are.
  private var sums = [Double](repeating: 0, count: CocoScore.overlaps.count)
  private var classCount = 0

  /// - Parameter classes: for each class its photos, in an order that is the same for all of them;
  ///   photos without anything of the class may be left out.
  init(_ classes: some Sequence<[Pair]>, size: Size) {
    for pairs in classes { add(pairs, size) }
  }

  /// Over all overlaps; `nil` where nothing of that size was drawn.
  var mean: Double? {
    classCount == 0 ? nil : sums.reduce(0, +) / Double(classCount * sums.count)
  }

  /// At the overlap of that place among `overlaps`.
  func mean(at place: Int) -> Double? {
    classCount == 0 ? nil : sums[place] / Double(classCount)
  }

  private mutating func add(_ pairs: [Pair], _ size: Size) {
    let matches = pairs.map { CocoMatch($0, areas: size.areas) }
    let truthCount = matches.reduce(0) { $0 + $1.truthCount }
    guard truthCount > 0 else { return }
    classCount += 1
    let places = Self.order(matches)
    for overlap in sums.indices {
      let curve = CocoCurve(places.lazy.map { matches[$0.pair].verdicts[overlap][$0.place] })
      sums[overlap] += curve.meanPrecision(truthCount: truthCount)
    }
  }

  /// All that was found, the highest score first, those of one score in the photos' order.
  private static func order(_ matches: [CocoMatch]) -> [(pair: Int, place: Int)] {
    var places: [(pair: Int, place: Int, score: Double)] = []
    for (pair, match) in matches.enumerated() {
      for (place, score) in match.scores.enumerated() { places.append((pair, place, score)) }
    }
    return places.indices.sorted {
      places[$0].score != places[$1].score ? places[$0].score > places[$1].score : $0 < $1
    }.map { (places[$0].pair, places[$0].place) }
  }
}

/// A rectangle in pixels: its left upper corner and its size.
struct CocoBox: Sendable, Equatable {
  let x: Double
  let y: Double
  let width: Double
  let height: Double

  var area: Double { width * height }

  /// What both cover, as a part of what either covers; of a crowd, as a part of this box.
  func overlap(with truth: CocoBox, isCrowd: Bool) -> Double {
    let width = min(x + self.width, truth.x + truth.width) - max(x, truth.x)
    let height = min(y + self.height, truth.y + truth.height) - max(y, truth.y)
    guard width > 0, height > 0 else { return 0 }
    let both = width * height
    return both / (isCrowd ? area : area + truth.area - both)
  }
}

/// Which boxes of one class in one photo are right.
private struct CocoMatch {
  enum Verdict { case right, wrong, ignored }

  /// Of those found that count, the highest first.
  let scores: [Double]
  /// For each overlap one for each of `scores`.
  let verdicts: [[Verdict]]
  /// Drawn, and of the size that is asked for.
  let truthCount: Int

  init(_ pair: CocoScore.Pair, areas: ClosedRange<Double>) {
    let found = Self.best(pair.found)
    let isIgnored = pair.truths.map { $0.isCrowd || !areas.contains($0.area) }
    // Those that count come first: a box is given to one of them if it can be.
    let order = isIgnored.indices.sorted {
      isIgnored[$0] != isIgnored[$1] ? !isIgnored[$0] : $0 < $1
    }
    let truths = order.map { pair.truths[$0] }
    let ignoredFrom = isIgnored.count { !$0 }
    let overlaps = found.map { each in
      truths.map { each.box.overlap(with: $0.box, isCrowd: $0.isCrowd) }
    }
    scores = found.map(\.score)
    truthCount = ignoredFrom
    verdicts = CocoScore.overlaps.map { least in
      var isTaken = [Bool](repeating: false, count: truths.count)
      return found.indices.map { place in
        let match = Self.match(
          overlaps[place], least: least, truths, isTaken, ignoredFrom: ignoredFrom)
        guard let match else {
          return areas.contains(found[place].box.area) ? Verdict.wrong : Verdict.ignored
        }
        isTaken[match] = true
        return match >= ignoredFrom ? Verdict.ignored : Verdict.right
      }
    }
  }

  private static func best(_ found: [CocoScore.Found]) -> [CocoScore.Found] {
    found.indices.sorted {
      found[$0].score != found[$1].score ? found[$0].score > found[$1].score : $0 < $1
    }.prefix(CocoScore.foundCountMax).map { found[$0] }
  }

  /// The truth that a box overlaps most; one that is ignored only where no other will do.
  private static func match(
    _ overlaps: [Double], least: Double, _ truths: [CocoScore.Truth], _ isTaken: [Bool],
    ignoredFrom: Int
  ) -> Int? {
    var best = min(least, 1 - 1e-10)
    var match: Int?
    for place in truths.indices {
      if isTaken[place], !truths[place].isCrowd { continue }
      if let match, match < ignoredFrom, place >= ignoredFrom { break }
      guard overlaps[place] >= best else { continue }
      best = overlaps[place]
      match = place
    }
    return match
  }
}

/// Precision over recall, as boxes are taken from the highest score down.
private struct CocoCurve {
  private var rightCounts: [Int] = []
  private var precisions: [Double] = []

  init(_ verdicts: some Sequence<CocoMatch.Verdict>) {
    var (right, wrong) = (0, 0)
    for verdict in verdicts {
      if verdict == .right { right += 1 }
      if verdict == .wrong { wrong += 1 }
      rightCounts.append(right)
      // The least step above 1 keeps 0 of 0 a number.
      precisions.append(Double(right) / (Double(right + wrong) + Double.ulpOfOne))
    }
    for place in precisions.indices.dropLast().reversed() {
      precisions[place] = max(precisions[place], precisions[place + 1])
    }
  }

  /// Over the 101 recalls; 0 where a recall was never reached.
  func meanPrecision(truthCount: Int) -> Double {
    var sum = 0.0
    var place = 0
    for recall in CocoScore.recalls {
      while place < rightCounts.count, Double(rightCounts[place]) / Double(truthCount) < recall {
        place += 1
      }
      guard place < precisions.count else { break }
      sum += precisions[place]
    }
    return sum / Double(CocoScore.recalls.count)
  }
}
