import Inference
import Testing

@testable import WireFormats

@Suite struct TensorDigestTests {
  @Test func `numbers are written as in answers, as many as the bytes allow`() {
    let tensor = Tensor([1.5, -2, 0.1] as [Float], datatype: .float32, shape: [3])
    let whole = TensorDigest(of: tensor, byteCountMax: 12)
    #expect(whole.text == "1.5,-2.0,0.1" && whole.elementCount == 3)
    let first = TensorDigest(of: tensor, byteCountMax: 11)
    #expect(first.text == "1.5,-2.0" && first.elementCount == 2)
    let none = TensorDigest(of: tensor, byteCountMax: 3)
    #expect(none.text.isEmpty && none.elementCount == 0)
  }

  @Test func `a part of a storage gives its own elements`() {
    let all = Tensor([1, 2, 3, 4] as [Int64], datatype: .int64, shape: [4, 1])
    let digest = TensorDigest(of: all.rows(1..<3), byteCountMax: 100)
    #expect(digest.text == "2,3" && digest.elementCount == 2)
  }

  @Test func `strings are quoted and escaped`() {
    let tensor = Tensor(strings: ["a", "say \"hi\"", "last"], shape: [3])
    let whole = TensorDigest(of: tensor, byteCountMax: 1_000)
    #expect(whole.text == #""a","say \"hi\"","last""# && whole.elementCount == 3)
    let first = TensorDigest(of: tensor, byteCountMax: 5 + 12)
    #expect(first.text == #""a","say \"hi\"""# && first.elementCount == 2)
  }

  @Test func `bytes that are no text do not break it`() {
    let tensor = Tensor([1, 0, 0, 0, 0xFF] as [UInt8], datatype: .bytes, shape: [1])
    #expect(TensorDigest(of: tensor, byteCountMax: 100).text == "\"\u{FFFD}\"")
  }
}
