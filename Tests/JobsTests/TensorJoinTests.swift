import Inference
import Testing

@testable import Jobs

@Suite struct TensorJoinTests {
  @Test func `joins rows in order and keeps the last scalar`() {
    let parts = [
      [
        NamedTensor(
          name: "y", tensor: Tensor([1, 2] as [Float], datatype: .float32, shape: [1, 2])),
        NamedTensor(name: "n", tensor: Tensor([1] as [Int64], datatype: .int64, shape: [])),
      ],
      [
        NamedTensor(
          name: "y", tensor: Tensor([3, 4, 5, 6] as [Float], datatype: .float32, shape: [2, 2])),
        NamedTensor(name: "n", tensor: Tensor([2] as [Int64], datatype: .int64, shape: [])),
      ],
    ]
    let joined = TensorJoin.rows(of: parts)
    #expect(joined[0].tensor.shape == [3, 2])
    #expect(joined[0].tensor.elements(as: Float.self) == [1, 2, 3, 4, 5, 6])
    #expect(joined[1].tensor.elements(as: Int64.self) == [2])
  }
}
