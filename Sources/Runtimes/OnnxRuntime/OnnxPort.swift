import COnnxRuntime
import Inference

/// One input or output of a model: how it is declared to the world, and what it is inside.
///
/// A class, so that a run that looks at it counts one reference and not those of all its parts.
final class OnnxPort: Sendable {
  let description: TensorDescription
  let kind: Kind
  /// `ONNXTensorElementDataType` of its tensors, or of a map's values.
  let elementType: Int32

  init(description: TensorDescription, kind: Kind, elementType: Int32) {
    self.description = description
    self.kind = kind
    self.elementType = elementType
  }

  /// What ONNX calls the value. Only tensors go in; the others come out as one tensor each.
  enum Kind {
    case tensor
    /// Tensors of one shape, stacked along a new axis 0.
    case tensorSequence
    /// One row: its values in ascending order of its keys.
    case map
    /// Rows of such values: what classifiers exported with ZipMap give.
    case mapSequence
  }
}

extension OnnxSession {
  /// Reads the declared inputs; refuses what a request cannot carry.
  func inputPorts() throws(RuntimeFault) -> [OnnxPort] {
    var ports: [OnnxPort] = []
    for (index, name) in inputNames.enumerated() {
      let type = try api.make { api.pointee.SessionGetInputTypeInfo(handle, index, &$0) }
      defer { api.pointee.ReleaseTypeInfo(type) }
      let port = try port(named: Self.text(name), what: "input", type: type)
      guard case .tensor = port.kind else {
        throw Self.unsupported("input", port.description.name, "a sequence or map")
      }
      ports.append(port)
    }
    return ports
  }

  /// Reads the declared outputs, maps and sequences as the tensors they become.
  func outputPorts() throws(RuntimeFault) -> [OnnxPort] {
    var ports: [OnnxPort] = []
    for (index, name) in outputNames.enumerated() {
      let type = try api.make { api.pointee.SessionGetOutputTypeInfo(handle, index, &$0) }
      defer { api.pointee.ReleaseTypeInfo(type) }
      ports.append(try port(named: Self.text(name), what: "output", type: type))
    }
    return ports
  }

  private func port(
    named name: String, what: String, type: OpaquePointer
  ) throws(RuntimeFault) -> OnnxPort {
    let (kind, added, tensor) = try unwrapped(type, what: what, name: name)
    defer { if let tensor, tensor != type { api.pointee.ReleaseTypeInfo(tensor) } }
    guard let shape = try tensor.flatMap({ (type) throws(RuntimeFault) in try declared(type) })
    else { throw Self.unsupported(what, name, "without a type") }
    guard let datatype = OnnxElementType.datatype(of: shape.elementType) else {
      throw Self.unsupported(what, name, "of element type \(shape.elementType) of ONNX")
    }
    let isMap = kind == .map || kind == .mapSequence
    if isMap && datatype == .bytes {
      throw Self.unsupported(what, name, "a map to strings")
    }
    let own = isMap ? [] : shape.dimensions
    let dimensions = Array(repeating: Dimension.any(name: nil), count: added) + own
    guard dimensions.count <= TensorShape.rankMax else {
      throw Self.unsupported(what, name, "of rank \(dimensions.count)")
    }
    let description = TensorDescription(
      name: name, datatype: datatype, dimensions: shape.isShapeless && !isMap ? [] : dimensions,
      isShapeless: shape.isShapeless && !isMap)
    return OnnxPort(description: description, kind: kind, elementType: shape.elementType)
  }

  /// Follows sequences and maps down to the tensor in them; `added` is how many axes they add.
  /// The tensor's type is the caller's to release where it is not `type` itself.
  private func unwrapped(
    _ type: OpaquePointer, what: String, name: String
  ) throws(RuntimeFault) -> (kind: OnnxPort.Kind, added: Int, tensor: OpaquePointer?) {
    switch try kind(of: type) {
    case OnnxValueKind.tensor: return (.tensor, 0, type)
    case OnnxValueKind.map: return (.map, 1, try mapValue(of: type))
    case OnnxValueKind.sequence:
      let element = try sequenceElement(of: type)
      switch try kind(of: element) {
      case OnnxValueKind.tensor: return (.tensorSequence, 1, element)
      case OnnxValueKind.map:
        defer { api.pointee.ReleaseTypeInfo(element) }
        return (.mapSequence, 2, try mapValue(of: element))
      case let other:
        api.pointee.ReleaseTypeInfo(element)
        throw Self.unsupported(what, name, "a sequence of \(OnnxValueKind.name(of: other))s")
      }
    case let other: throw Self.unsupported(what, name, "a \(OnnxValueKind.name(of: other))")
    }
  }

  private func kind(of type: OpaquePointer) throws(RuntimeFault) -> Int32 {
    var kind: Int32 = 0
    try api.check(api.pointee.GetOnnxTypeFromTypeInfo(type, &kind))
    return kind
  }

  private func sequenceElement(of type: OpaquePointer) throws(RuntimeFault) -> OpaquePointer {
    let sequence = try api.make { api.pointee.CastTypeInfoToSequenceTypeInfo(type, &$0) }
    return try api.make { api.pointee.GetSequenceElementType(sequence, &$0) }
  }

  private func mapValue(of type: OpaquePointer) throws(RuntimeFault) -> OpaquePointer {
    let map = try api.make { api.pointee.CastTypeInfoToMapTypeInfo(type, &$0) }
    return try api.make { api.pointee.GetMapValueType(map, &$0) }
  }

  private struct DeclaredTensor {
    let elementType: Int32
    let dimensions: [Dimension]
    let isShapeless: Bool
  }

  private func declared(_ type: OpaquePointer) throws(RuntimeFault) -> DeclaredTensor {
    let tensor = try api.make { api.pointee.CastTypeInfoToTensorInfo(type, &$0) }
    var elementType: Int32 = 0
    try api.check(api.pointee.GetTensorElementType(tensor, &elementType))
    return DeclaredTensor(
      elementType: elementType, dimensions: try dimensions(of: tensor),
      isShapeless: library.knowsUndeclaredRank
        && !api.pointee.TensorTypeAndShape_HasShape(tensor))
  }

  private func dimensions(of tensor: OpaquePointer) throws(RuntimeFault) -> [Dimension] {
    var rank = 0
    try api.check(api.pointee.GetDimensionsCount(tensor, &rank))
    var lengths = [Int64](repeating: 0, count: rank)
    try api.check(api.pointee.GetDimensions(tensor, &lengths, rank))
    var symbols = [UnsafePointer<CChar>?](repeating: nil, count: rank)
    try api.check(api.pointee.GetSymbolicDimensions(tensor, &symbols, rank))
    return zip(lengths, symbols).map { length, symbol in
      if length >= 0 { return .fixed(Int(length)) }
      let name = Self.text(symbol)
      return .any(name: name.isEmpty ? nil : name)
    }
  }

  private static func text(_ name: UnsafePointer<CChar>?) -> String {
    name.map { String(cString: $0) } ?? ""
  }

  private static func unsupported(_ what: String, _ name: String, _ kind: String) -> RuntimeFault {
    RuntimeFault(
      code: .invalidModel, message: "\(what) '\(name)' is \(kind), which cannot be served")
  }
}
