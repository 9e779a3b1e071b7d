package import Inference

/// An array as numpy saves it (`.npy`, versions 1 and 2, little-endian, row-major).
package struct NumpyFile {
  package let shape: TensorShape
  package let datatype: Datatype
  package let content: [UInt8]

  package var tensor: Tensor { Tensor(content, datatype: datatype, shape: shape) }

  package struct Unreadable: Error {}

  package init(path: String) throws {
    let all = try bytes(of: path)
    guard all.count > 10, all[0] == 0x93 else { throw Unreadable() }
    let start = all[6] == 1 ? 10 : 12
    let end = start + Int(all[8]) + Int(all[9]) << 8
    let header = String(decoding: all[start..<end], as: UTF8.self)
    let types: [String: Datatype] = [
      "<f4": .float32, "<f8": .float64, "<f2": .float16, "|u1": .uint8, "<i8": .int64,
      "<i4": .int32,
    ]
    guard let type = types.first(where: { header.contains("'\($0.key)'") })?.value,
      let open = header.firstIndex(of: "("), let close = header.firstIndex(of: ")"),
      let shape = TensorShape(
        header[open..<close].dropFirst().split(separator: ",")
          .compactMap { Int($0.filter(\.isNumber)) })
    else { throw Unreadable() }
    self.shape = shape
    datatype = type
    content = Array(all[end...])
  }
}
