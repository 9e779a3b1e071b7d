import Inference
import Testing
import WireFormats

@testable import LoadTesting

/// A file as NumPy writes it.
func npy(_ header: String, _ elements: [UInt8], version: UInt8 = 1) -> [UInt8] {
  let head = Array(header.utf8)
  let length = withUnsafeBytes(of: UInt16(head.count).littleEndian) { Array($0) }
  return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + (version > 1 ? [0, 0] : []) + head
    + elements
}

@Suite struct NumpyFileTests {
  private func tensor(_ bytes: [UInt8]) throws -> Tensor {
    try bytes.withUnsafeBytes { try NumpyFile($0, name: "x").tensor }
  }

  @Test(arguments: [UInt8(1), 2, 3])
  func `an array has its datatype, its shape and its elements`(version: UInt8) throws {
    let floats = [Float(1.5), -2].withUnsafeBytes { Array($0) }
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }\n"
    let tensor = try tensor(npy(header, floats, version: version))
    #expect(tensor.datatype == .float32)
    #expect(tensor.shape == [2, 1])
    #expect(tensor.elements(as: Float.self) == [1.5, -2])
  }

  @Test(arguments: [
    "", "{}", "{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }",
    "{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1,1), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': ",
    "{'descr': [('a', '<f4')], 'shape': (1,)}",
  ])
  func `what is hostile or unknown is refused`(header: String) {
    #expect(throws: InputProblem.self) { try tensor(npy(header, [0, 0, 0, 0])) }
  }

  @Test func `a header beyond the file is refused, and so is every cut of a file`() throws {
    let whole = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", [1, 2, 3])
    #expect(try tensor(whole).elementCount == 3)
    for count in 0..<whole.count {
      #expect(throws: InputProblem.self) { try tensor(Array(whole.prefix(count))) }
    }
    var long = whole
    long[8] = 0xFF
    long[9] = 0xFF
    #expect(throws: InputProblem.self) { try tensor(long) }
  }

  @Test func `an array becomes what the input takes, where nothing is lost`() throws {
    func input(_ datatype: Datatype, _ dimensions: [Dimension]) -> TensorDescription {
      TensorDescription(name: "x", datatype: datatype, dimensions: dimensions)
    }
    let row = Tensor([1.0, 2, 3, 4], datatype: .float64, shape: [1, 4])
    let floats = try ArrayFit.fitted(row, to: input(.float32, [.any(name: nil), .fixed(4)]))
    #expect(floats.elements(as: Float.self) == [1, 2, 3, 4])
    let photo = try ArrayFit.fitted(
      row, to: input(.uint8, [.any(name: nil), .fixed(1), .fixed(2), .fixed(2)]))
    #expect(photo.shape == [1, 1, 2, 2])
    #expect(throws: SampleProblem.self) {
      try ArrayFit.fitted(row, to: input(.float32, [.any(name: nil), .fixed(5)]))
    }
    let halves = Tensor([0.5], datatype: .float64, shape: [1])
    #expect(throws: SampleProblem.self) {
      try ArrayFit.fitted(halves, to: input(.int64, [.fixed(1)]))
    }
  }
}
