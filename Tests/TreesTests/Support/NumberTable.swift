/// Rows of numbers out of a `.npy` file of numpy (format 1.0, C order, little-endian numbers).
struct NumberTable {
  var rows: [[Double]] = []

  init(rows: [[Double]]) { self.rows = rows }

  init(_ path: String) throws {
    let bytes = try FileBytes.read(path)
    let headEnd = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
    let head = String(decoding: bytes[10..<headEnd], as: UTF8.self)
    let shape = head.split(separator: "(")[1].split(separator: ")")[0]
      .split(separator: ",").compactMap { Int($0.drop { $0 == " " }) }
    let width = shape.count > 1 ? shape[1] : 1
    let values = Self.values(bytes[headEnd...], type: head)
    rows = stride(from: 0, to: values.count, by: width).map { Array(values[$0..<$0 + width]) }
  }

  private static func values(_ bytes: ArraySlice<UInt8>, type head: String) -> [Double] {
    bytes.withUnsafeBytes { raw in
      if head.contains("'<f4'") {
        return (0..<raw.count / 4).map {
          Double(raw.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self))
        }
      }
      if head.contains("'<f8'") {
        return (0..<raw.count / 8).map {
          raw.loadUnaligned(fromByteOffset: $0 * 8, as: Double.self)
        }
      }
      return (0..<raw.count / 4).map {
        Double(raw.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self))
      }
    }
  }
}
