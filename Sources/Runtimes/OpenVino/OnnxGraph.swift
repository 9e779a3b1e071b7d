import Inference

/// What an ONNX file says that OpenVINO does not hand on: metadata, the names of open axes, and
/// whether it is quantised.
///
/// Reads protobuf with the field numbers of `onnx.proto`; what is broken in the file ends the
/// reading and is left to the library to complain about.
struct OnnxGraph {
  private(set) var metadata: [String: String] = [:]
  /// Names of axes by input or output; `nil` where an axis has a length or no name.
  private(set) var axisNames: [String: [String?]] = [:]
  private(set) var isQuantised = false
  /// The outermost fields fit the file: it is a graph, and not cut off.
  private(set) var isWhole = false

  init(_ bytes: UnsafeRawBufferPointer) {
    var hasGraph = false
    let isRead = ProtobufFields.forEach(in: bytes) { field, value in
      switch (field, value) {
      case (2, .bytes(let text)): set("onnx.producer_name", text)
      case (4, .bytes(let text)): set("onnx.domain", text)
      case (6, .bytes(let text)): set("onnx.description", text)
      // 0 and the largest number both stand for "not said".
      case (5, .varint(let version)) where version > 0 && version < UInt64(Int64.max):
        metadata["onnx.model_version"] = String(version)
      case (7, .bytes(let graph)):
        hasGraph = true
        readGraph(graph)
      case (14, .bytes(let entry)):
        let (key, value) = Self.pair(entry)
        metadata[key] = value
      default: break
      }
    }
    isWhole = isRead && hasGraph
  }

  private mutating func set(_ key: String, _ text: UnsafeRawBufferPointer) {
    if !text.isEmpty { metadata[key] = String(decoding: text, as: UTF8.self) }
  }

  private static func pair(_ entry: UnsafeRawBufferPointer) -> (String, String) {
    var pair = ("", "")
    ProtobufFields.forEach(in: entry) { field, value in
      guard case .bytes(let text) = value else { return }
      if field == 1 { pair.0 = String(decoding: text, as: UTF8.self) }
      if field == 2 { pair.1 = String(decoding: text, as: UTF8.self) }
    }
    return pair
  }

  private mutating func readGraph(_ graph: UnsafeRawBufferPointer) {
    ProtobufFields.forEach(in: graph) { field, value in
      guard case .bytes(let bytes) = value else { return }
      switch field {
      case 1: readNode(bytes)
      case 2: set("onnx.graph_name", bytes)
      case 11, 12: readPort(bytes)
      default: break
      }
    }
  }

  private mutating func readNode(_ node: UnsafeRawBufferPointer) {
    if isQuantised { return }
    ProtobufFields.forEach(in: node) { field, value in
      guard field == 4, case .bytes(let text) = value else { return }
      let type = String(decoding: text, as: UTF8.self)
      isQuantised =
        type.hasPrefix("QLinear") || type == "DequantizeLinear" || type == "ConvInteger"
        || type == "MatMulInteger"
    }
  }

  /// `ValueInfoProto` -> `TypeProto` -> `Tensor` -> `TensorShapeProto` -> `Dimension`.
  private mutating func readPort(_ port: UnsafeRawBufferPointer) {
    var name = ""
    var axes: [String?] = []
    ProtobufFields.forEach(in: port) { field, value in
      guard case .bytes(let bytes) = value else { return }
      if field == 1 { name = String(decoding: bytes, as: UTF8.self) }
      guard field == 2 else { return }
      ProtobufFields.forEachMessage(1, in: bytes) { tensor in
        ProtobufFields.forEachMessage(2, in: tensor) { shape in
          ProtobufFields.forEachMessage(1, in: shape) { axis in
            var symbol: String?
            ProtobufFields.forEachMessage(2, in: axis) {
              symbol = String(decoding: $0, as: UTF8.self)
            }
            axes.append(symbol)
          }
        }
      }
    }
    axisNames[name] = axes
  }
}

/// The fields of a serialized protobuf message, of a file that others complain about.
enum ProtobufFields {
  /// Calls `body` with each field; stops at the first that does not fit, and answers whether all did.
  @discardableResult
  static func forEach(
    in message: UnsafeRawBufferPointer, _ body: (Int, ProtobufScanner.Value) -> Void
  ) -> Bool {
    var scanner = ProtobufScanner(message)
    do throws(UnfitField) {
      while let (field, value) = try scanner.next() { body(field, value) }
      return true
    } catch {
      return false
    }
  }

  /// Calls `body` with each message under one field number.
  static func forEachMessage(
    _ wanted: Int, in message: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void
  ) {
    forEach(in: message) { field, value in
      if field == wanted, case .bytes(let bytes) = value { body(bytes) }
    }
  }
}
