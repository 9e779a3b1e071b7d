import COpenVino
import Inference

/// One input or output of a model.
///
/// A class, so that a run that looks at it counts one reference and not those of all its parts.
final class OpenVinoPort: Sendable {
  let description: TensorDescription
  /// `ov_element_type_e` of its tensors.
  let elementType: UInt32

  init(_ description: TensorDescription) {
    self.description = description
    elementType = OpenVinoElementType.code(of: description.datatype)
  }

  /// The shape and size of this output for so many rows, where that is known before the run.
  @inline(__always)
  func expected(rows: Int?) -> (shape: TensorShape, byteCount: Int)? {
    guard !description.isShapeless, let size = description.datatype.elementByteCount else {
      return nil
    }
    var shape = TensorShape()
    for (axis, dimension) in description.dimensions.enumerated() {
      switch dimension {
      case .fixed(let length): guard shape.append(length) else { return nil }
      case .any: guard axis == 0, let rows, shape.append(rows) else { return nil }
      }
    }
    return shape.elementCount.map { (shape, $0 * size) }
  }
}

/// A model as the library read it: owns the library's object, and reads its ports.
struct OpenVinoGraph: ~Copyable {
  let handle: OpaquePointer
  private let api: UnsafePointer<OpenVinoTable>

  init(_ handle: OpaquePointer, _ api: UnsafePointer<OpenVinoTable>) {
    self.handle = handle
    self.api = api
  }

  deinit { api.pointee.model_free(handle) }

  func inputs(axisNames: [String: [String?]]) throws(RuntimeFault) -> [OpenVinoPort] {
    try ports(
      "input", axisNames, api.pointee.model_inputs_size, api.pointee.model_const_input_by_index)
  }

  func outputs(axisNames: [String: [String?]]) throws(RuntimeFault) -> [OpenVinoPort] {
    try ports(
      "output", axisNames, api.pointee.model_outputs_size, api.pointee.model_const_output_by_index)
  }

  private typealias Count =
    @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int>?) -> ov_status_e
  private typealias PortAt =
    @convention(c) (OpaquePointer?, Int, UnsafeMutablePointer<OpaquePointer?>?) -> ov_status_e

  private func ports(
    _ what: String, _ axisNames: [String: [String?]], _ count: Count, _ portAt: PortAt
  ) throws(RuntimeFault) -> [OpenVinoPort] {
    var number = 0
    try api.check(count(handle, &number))
    var ports: [OpenVinoPort] = []
    for index in 0..<number {
      let port = try api.make("a port") { portAt(handle, index, &$0) }
      defer { api.pointee.output_const_port_free(port) }
      let name = name(of: port) ?? "\(what)_\(index)"
      ports.append(try describe(port, what, name, axisNames[name] ?? []))
    }
    return ports
  }

  /// A tensor need not have a name.
  private func name(of port: OpaquePointer) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard api.pointee.port_get_any_name(port, &text) == 0 else { return nil }
    let name = api.take(text)
    return name.isEmpty ? nil : name
  }

  private func describe(
    _ port: OpaquePointer, _ what: String, _ name: String, _ axisNames: [String?]
  ) throws(RuntimeFault) -> OpenVinoPort {
    var type: UInt32 = 0
    try api.check(api.pointee.port_get_element_type(port, &type))
    guard let datatype = OpenVinoElementType.datatype(of: type), datatype != .bytes else {
      let kind =
        type == OpenVinoElementType.string ? "of strings" : "of element type \(type) of OpenVINO"
      throw OpenVinoModelFile.invalid(
        "\(what) '\(name)' is \(kind), which OpenVINO cannot serve; an ONNX model may do with "
          + "runtime: onnxruntime")
    }
    var shape = ov_partial_shape_t()
    try api.check(api.pointee.port_get_partial_shape(port, &shape))
    defer { api.pointee.partial_shape_free(&shape) }
    // A rank whose bounds differ is not declared.
    guard shape.rank.min == shape.rank.max else {
      return OpenVinoPort(
        TensorDescription(name: name, datatype: datatype, dimensions: [], isShapeless: true))
    }
    guard shape.rank.min <= Int64(TensorShape.rankMax) else {
      throw OpenVinoModelFile.invalid(
        "\(what) '\(name)' is of rank \(shape.rank.min), which cannot be served")
    }
    let dimensions = (0..<Int(shape.rank.min)).map { axis -> Dimension in
      let bounds = shape.dims[axis]
      if bounds.min == bounds.max, bounds.min >= 0 { return .fixed(Int(bounds.min)) }
      return .any(name: axis < axisNames.count ? axisNames[axis] : nil)
    }
    return OpenVinoPort(
      TensorDescription(name: name, datatype: datatype, dimensions: dimensions))
  }

  /// Whether rows are on axis 0 throughout: where every input has so many, so has every output.
  ///
  /// Tried by the library's own inference of shapes, on this graph, which is changed by it.
  consuming func followsRows(inputs: [OpenVinoPort]) -> Bool {
    var dimensions = inputs.map { input in
      input.description.dimensions.enumerated().map { axis, dimension in
        let length = axis == 0 ? Self.trialRowCount : dimension.metadataLength
        return ov_dimension_t(
          min: Int64(max(0, length)), max: length < 0 ? -1 : Int64(length))
      }
    }
    let places = Array(inputs.indices)
    let status = Self.withShapes(of: &dimensions) { shapes in
      api.pointee.model_reshape_by_port_indexes(handle, places, shapes, places.count)
    }
    // A graph that cannot have so many rows has none to join.
    guard status == 0, let outputs = try? outputs(axisNames: [:]) else { return false }
    return outputs.allSatisfy {
      $0.description.dimensions.first == .fixed(Self.trialRowCount)
    }
  }

  /// No length that a model would have by itself.
  private static let trialRowCount = 13

  private static func withShapes(
    of dimensions: inout [[ov_dimension_t]],
    _ body: (UnsafePointer<ov_partial_shape_t>?) -> ov_status_e
  ) -> ov_status_e {
    var flat = Array(dimensions.joined())
    return flat.withUnsafeMutableBufferPointer { buffer in
      var offset = 0
      var shapes: [ov_partial_shape_t] = []
      for own in dimensions {
        let rank = Int64(own.count)
        shapes.append(
          ov_partial_shape_t(
            rank: ov_dimension_t(min: rank, max: rank),
            dims: buffer.baseAddress.map { $0 + offset }))
        offset += own.count
      }
      return body(shapes)
    }
  }
}
