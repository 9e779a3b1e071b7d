import Testing

@testable import Trees

@Suite struct OutputTransformTests {
  private func apply(
    _ kind: OutputTransform.Kind, _ precision: TreeEnsemble.Precision, _ margins: [Double]
  ) -> [Double] {
    let transform = OutputTransform(kind, precision: precision)
    var row = margins
    row.withUnsafeMutableBufferPointer { transform.apply(to: $0) }
    return Array(row.prefix(transform.resultCount(of: margins.count)))
  }

  @Test func `a sigmoid of far margins is 0 and 1 and nothing else`() {
    for precision in [TreeEnsemble.Precision.float, .double] {
      let found = apply(.sigmoid(slope: 1), precision, [-1e30, 0, 1e30, .infinity, -.infinity])
      #expect(found[0] < 1e-37 && found[0] >= 0)
      #expect(found[1...3] == [0.5, 1, 1] && found[4] < 1e-37)
    }
    #expect(apply(.sigmoid(slope: 1), .float, [.nan])[0].isNaN)
  }

  @Test func `the class is the first of the largest`() {
    #expect(apply(.classIndex, .float, [1, 3, 3, 2]) == [1])
  }

  @Test func `softmax of far margins is finite and adds up to one`() {
    let found = apply(.softmax, .double, [1_000, 999, -1_000])
    #expect((found.reduce(0, +) - 1).magnitude < 1e-15 && found[0] > found[1] && found[2] == 0)
  }

  @Test func `quantiles ascend, expectiles rise by a softplus`() {
    #expect(apply(.ascending, .float, [3, 1, 2]) == [1, 2, 3])
    let steps = apply(.risingSteps, .float, [1, 0, -100])
    #expect(steps[0] == 1 && (steps[1] - 1.6931482).magnitude < 1e-6)
    #expect(steps[2] >= steps[1] && steps[2] - steps[1] < 1e-5)
  }

  @Test func `margins that lie in Float32 are transformed where they lie`() {
    var row: [Float] = [0, 2]
    row.withUnsafeMutableBufferPointer {
      OutputTransform(.sigmoid(slope: 1), precision: .float).apply(to: $0)
    }
    #expect(row.map(Double.init) == apply(.sigmoid(slope: 1), .float, [0, 2]))
  }
}
