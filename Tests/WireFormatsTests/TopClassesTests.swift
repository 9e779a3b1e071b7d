import Inference
import Testing

@testable import WireFormats

@Suite struct TopClassesTests {
  @Test func `a few best classes are those that come first among all`() {
    var random = Seeded(11)
    for _ in 0..<50 {
      // Often equal, sometimes no number.
      let scores = (0..<200).map { _ in
        Float.random(in: 0..<1, using: &random) < 0.02
          ? Float.nan : Float.random(in: -9...9, using: &random).rounded()
      }
      let tensor = Tensor(scores, datatype: .float32, shape: [200])
      let all = TopClasses.tensor(tensor, countMax: 200, labels: []).strings
      for count in [1, 2, 31, 32, 33] {
        let few = TopClasses.tensor(tensor, countMax: count, labels: []).strings
        #expect(few == Array(all.prefix(count)))
      }
    }
  }

  @Test func `there are no best classes among none, however many rows have none`() {
    let output = Tensor([Float](), datatype: .float32, shape: [1 << 62, 0])
    let classes = TopClasses.tensor(output, countMax: 2, labels: [])
    #expect(classes.shape == [1 << 62, 0] && classes.byteCount == 0)
  }
}
