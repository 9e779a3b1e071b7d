import Testing

@testable import LoadTesting

@Suite struct CocoScoreTests {
  private func truth(
    _ x: Double, _ y: Double, _ side: Double, isCrowd: Bool = false
  ) -> CocoScore.Truth {
    CocoScore.Truth(
      box: CocoBox(x: x, y: y, width: side, height: side), area: side * side, isCrowd: isCrowd)
  }

  private func found(
    _ x: Double, _ y: Double, _ side: Double, _ score: Double
  ) -> CocoScore.Found {
    CocoScore.Found(box: CocoBox(x: x, y: y, width: side, height: side), score: score)
  }

  private func score(_ pairs: [CocoScore.Pair], _ size: CocoScore.Size = .all) -> CocoScore {
    CocoScore([pairs], size: size)
  }

  /// Precisions have the least step above 1 in their divisor, as pycocotools has it.
  private func isNear(_ value: Double?, _ expected: Double) -> Bool {
    value.map { ($0 - expected).magnitude < 1e-9 } == true
  }

  @Test func `the box itself is right at every overlap`() throws {
    let score = score([.init(truths: [truth(10, 10, 50)], found: [found(10, 10, 50, 0.9)])])
    #expect(isNear(score.mean, 1))
    #expect(isNear(score.mean(at: 0), 1))
  }

  @Test func `an overlap of 0.6 is right at 0.5, 0.55 and 0.6 of ten`() throws {
    // 100 x 100 against 100 x 60 within it.
    let part = CocoScore.Found(box: CocoBox(x: 0, y: 0, width: 100, height: 60), score: 0.5)
    let score = score([.init(truths: [truth(0, 0, 100)], found: [part])])
    let mean = try #require(score.mean)
    #expect((mean - 0.3).magnitude < 1e-9)
    #expect(score.mean(at: 5) == 0)
  }

  @Test func `one found of two drawn reaches 51 of 101 recalls`() throws {
    let score = score([
      .init(truths: [truth(0, 0, 50), truth(200, 200, 50)], found: [found(0, 0, 50, 0.9)])
    ])
    let mean = try #require(score.mean)
    #expect((mean - 51.0 / 101).magnitude < 1e-9)
  }

  @Test func `a wrong box above the right one halves precision, below it costs nothing`() throws {
    func mean(ofWrong score: Double) throws -> Double {
      let wrong = found(300, 300, 50, score)
      return try #require(
        self.score([.init(truths: [truth(0, 0, 50)], found: [found(0, 0, 50, 0.5), wrong])]).mean)
    }
    #expect((try mean(ofWrong: 0.9) - 0.5).magnitude < 1e-9)
    #expect((try mean(ofWrong: 0.1) - 1).magnitude < 1e-9)
  }

  @Test func `the second box on one thing is wrong`() throws {
    let twice = [found(0, 0, 50, 0.9), found(1, 1, 50, 0.8)]
    let two = [truth(0, 0, 50), truth(200, 200, 50)]
    let later = found(200, 200, 50, 0.7)
    let score = score([.init(truths: two, found: twice + [later])])
    // Precision 1 up to a recall of one half, then 2 of 3.
    let expected = (51 + 50 * 2.0 / 3) / 101
    let mean = try #require(score.mean(at: 0))
    #expect((mean - expected).magnitude < 1e-9)
  }

  @Test func `a crowd takes any number of boxes, and they are neither right nor wrong`() throws {
    let crowd = truth(100, 100, 200, isCrowd: true)
    let inside = (0..<5).map { found(110 + Double($0) * 10, 110, 40, 0.95) }
    let score = score([
      .init(truths: [truth(0, 0, 50), crowd], found: inside + [found(0, 0, 50, 0.5)])
    ])
    #expect(isNear(score.mean, 1))
  }

  @Test func `only what was drawn of a size counts for it`() throws {
    let pairs: [CocoScore.Pair] = [
      .init(
        truths: [truth(0, 0, 20), truth(100, 100, 200)],
        found: [found(100, 100, 200, 0.9), found(400, 400, 10, 0.8)])
    ]
    #expect(isNear(score(pairs, .large).mean, 1))
    #expect(score(pairs, .small).mean == 0)
    #expect(score(pairs, .medium).mean == nil)
  }

  @Test func `the hundred best of a photo count`() throws {
    let noise = (0..<100).map { found(Double($0) * 60, 1_000, 50, 0.9) }
    let score = score([.init(truths: [truth(0, 0, 50)], found: noise + [found(0, 0, 50, 0.1)])])
    #expect(score.mean == 0)
  }

  @Test func `classes that nobody drew do not count, those that nobody found do`() throws {
    let right = CocoScore.Pair(truths: [truth(0, 0, 50)], found: [found(0, 0, 50, 0.9)])
    let missed = CocoScore.Pair(truths: [truth(0, 0, 50)], found: [])
    let invented = CocoScore.Pair(truths: [], found: [found(0, 0, 50, 0.9)])
    let score = CocoScore([[right], [missed], [invented], []], size: .all)
    #expect(isNear(score.mean, 0.5))
  }
}
