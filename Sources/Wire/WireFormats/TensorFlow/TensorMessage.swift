import Inference

/// TensorFlow's `TensorProto`, found in a message and not yet read: its datatype, its shape, and where
/// its elements are.
///
/// They are in `tensor_content`, as they lie in memory, or in the list of the datatype; where a list
/// has fewer than the shape, its last element stands for all that follow, and where it is empty, zero.
struct TensorMessage {
  /// TensorFlow's number of the datatype.
  private(set) var type = 0
  private(set) var shape = TensorShape()
  private(set) var content: UnsafeRawBufferPointer?
  /// Numbers of the lists that have elements.
  private(set) var listNumbers: [Int] = []
  let bytes: UnsafeRawBufferPointer
  private var rank = 0
  private var hasNegative = false
  private var isShapeUnknown = false

  /// Numbers of the fields with elements.
  private static let lists = 5...18

  init(_ bytes: UnsafeRawBufferPointer) throws(InputProblem) {
    self.bytes = bytes
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      switch (field.number, field.wireType) {
      case (1, .varint): type = Int(Int32(truncatingIfNeeded: try reader.varint()))
      case (2, .bytes): try readShape(try reader.slice())
      case (4, .bytes):
        let slice = try reader.slice()
        content = slice.isEmpty ? nil : slice
      default:
        // An empty list that was packed says nothing.
        let start = reader.offset
        try reader.skip(field)
        let isEmpty = field.wireType == .bytes && field.number != 8 && bytes[start] == 0
        if Self.lists ~= field.number, !isEmpty, !listNumbers.contains(field.number) {
          listNumbers.append(field.number)
        }
      }
    }
  }

  private mutating func readShape(_ bytes: UnsafeRawBufferPointer) throws(InputProblem) {
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      switch (field.number, field.wireType) {
      case (2, .bytes): append(try Self.length(try reader.slice()))
      case (3, .varint): isShapeUnknown = try reader.varint() != 0
      default: try reader.skip(field)
      }
    }
  }

  /// `TensorShapeProto.Dim`, whose name says nothing to a model.
  private static func length(_ bytes: UnsafeRawBufferPointer) throws(InputProblem) -> Int64 {
    var length: Int64 = 0
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      if field.number == 1, field.wireType == .varint {
        length = Int64(bitPattern: try reader.varint())
      } else {
        try reader.skip(field)
      }
    }
    return length
  }

  private mutating func append(_ length: Int64) {
    rank += 1
    if length < 0 { hasNegative = true }
    if rank <= TensorShape.rankMax { _ = shape.append(max(Int(length), 0)) }
  }

  /// Refuses a shape that is none.
  func checkShape(input: String) throws(InputProblem) {
    if isShapeUnknown || hasNegative { throw .negativeLength(input: input) }
    if rank > TensorShape.rankMax {
      throw .rankTooHigh(input: input, got: rank, limit: TensorShape.rankMax)
    }
  }

  /// `nil` for those that no model here has: complex and quantized numbers, references.
  var datatype: Datatype? { TensorFlowDatatype.datatype(type) }

  /// What reading it will fill, as far as it says; without bound where no number can say it.
  var tensorByteCount: Int {
    guard let count = shape.elementCount else { return .max }
    let (byteCount, overflow) = count.multipliedReportingOverflow(
      by: datatype?.elementByteCount ?? 4)
    return overflow ? .max : max(byteCount, bytes.count)
  }
}

/// TensorFlow's names and numbers of datatypes.
enum TensorFlowDatatype {
  static func number(of datatype: Datatype) -> Int {
    switch datatype {
    case .float32: 1
    case .float64: 2
    case .int32: 3
    case .uint8: 4
    case .int16: 5
    case .int8: 6
    case .bytes: 7
    case .int64: 9
    case .bool: 10
    case .bfloat16: 14
    case .uint16: 17
    case .float16: 19
    case .uint32: 22
    case .uint64: 23
    }
  }

  private static let all = Dictionary(
    uniqueKeysWithValues: Datatype.allCases.map { (number(of: $0), $0) })

  static func datatype(_ number: Int) -> Datatype? { all[number] }

  /// The list of a `TensorProto` that has elements of a datatype: its field's number.
  static func list(of datatype: Datatype) -> Int {
    switch datatype {
    case .float32: 5
    case .float64: 6
    case .int8, .int16, .int32, .uint8, .uint16: 7
    case .bytes: 8
    case .int64: 10
    case .bool: 11
    case .float16, .bfloat16: 13
    case .uint32: 16
    case .uint64: 17
    }
  }

  /// As clients spell a datatype by its number.
  static func name(ofNumber number: Int) -> String {
    let names = GRPCSchemas.documents.enumerations["tensorflow.DataType"]?.values ?? []
    return names.first { Int($0.number) == number }?.name ?? "datatype \(number)"
  }
}
