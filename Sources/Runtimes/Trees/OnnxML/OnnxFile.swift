/// An ONNX model as it is written: its graph, not yet understood.
///
/// Field numbers are those of `onnx.proto`. Everything refers to the file's bytes, which must stay
/// where they are while this lives.
struct OnnxFile {
  /// What the file says about itself, with the keys under which the room OnnxRuntime gives the same.
  private(set) var metadata: [String: String] = [:]
  /// Version by domain; the standard operators' domain is empty.
  private(set) var operatorSets: [String: Int64] = [:]
  private(set) var nodes: [OnnxNode] = []
  /// By name.
  private(set) var initializers: [String: OnnxTensor] = [:]
  private(set) var inputs: [OnnxPort] = []
  private(set) var outputs: [OnnxPort] = []

  init(_ bytes: UnsafeRawBufferPointer) throws(PipelineObstacle) {
    var scanner = OnnxMessage(bytes)
    var hasGraph = false
    while let (number, value) = try scanner.next() {
      switch number {
      case 2: setMetadata("onnx.producer_name", try value.asText())
      case 4: setMetadata("onnx.domain", try value.asText())
      case 5:
        let version = try value.asInteger()
        // 0 and the largest number both stand for "not said".
        if version > 0 && version < .max { setMetadata("onnx.model_version", String(version)) }
      case 6: setMetadata("onnx.description", try value.asText())
      case 7:
        hasGraph = true
        try readGraph(try value.asBytes())
      case 8: try readOperatorSet(try value.asBytes())
      case 14: try readMetadata(try value.asBytes())
      default: break
      }
    }
    guard hasGraph else { throw .corrupt("it is no ONNX file, or was cut off: there is no graph") }
    guard !operatorSets.isEmpty else {
      throw .corrupt("it does not say which operators it uses, or was cut off")
    }
  }

  private mutating func setMetadata(_ key: String, _ text: String) {
    if !text.isEmpty { metadata[key] = text }
  }

  private mutating func readMetadata(_ entry: UnsafeRawBufferPointer) throws(PipelineObstacle) {
    var (key, text) = ("", "")
    var scanner = OnnxMessage(entry)
    while let (number, value) = try scanner.next() {
      if number == 1 { key = try value.asText() }
      if number == 2 { text = try value.asText() }
    }
    metadata[key] = text
  }

  private mutating func readOperatorSet(_ entry: UnsafeRawBufferPointer) throws(PipelineObstacle) {
    var domain = ""
    var version: Int64 = 0
    var scanner = OnnxMessage(entry)
    while let (number, value) = try scanner.next() {
      if number == 1 { domain = try value.asText() }
      if number == 2 { version = try value.asInteger() }
    }
    operatorSets[domain == "ai.onnx" ? "" : domain] = version
  }

  private mutating func readGraph(_ graph: UnsafeRawBufferPointer) throws(PipelineObstacle) {
    var scanner = OnnxMessage(graph)
    while let (number, value) = try scanner.next() {
      switch number {
      case 1: nodes.append(try OnnxNode(try value.asBytes()))
      case 2: setMetadata("onnx.graph_name", try value.asText())
      case 5:
        let tensor = try OnnxTensor(try value.asBytes())
        initializers[tensor.name] = tensor
      case 11: inputs.append(try OnnxPort(try value.asBytes()))
      case 12: outputs.append(try OnnxPort(try value.asBytes()))
      case 15: throw .notComputed("sparse initializers")
      default: break
      }
    }
  }
}

/// One operator's call: `NodeProto`.
struct OnnxNode {
  private(set) var operatorName = ""
  /// Empty for the standard operators.
  private(set) var domain = ""
  /// Names of values; empty where an optional one is left out.
  private(set) var inputs: [String] = []
  private(set) var outputs: [String] = []
  private(set) var attributes: [String: OnnxAttribute] = [:]

  init(_ node: UnsafeRawBufferPointer) throws(PipelineObstacle) {
    var scanner = OnnxMessage(node)
    while let (number, value) = try scanner.next() {
      switch number {
      case 1: inputs.append(try value.asText())
      case 2: outputs.append(try value.asText())
      case 4: operatorName = try value.asText()
      case 5:
        let attribute = try OnnxAttribute(try value.asBytes())
        attributes[attribute.name] = attribute
      case 7:
        domain = try value.asText()
        if domain == "ai.onnx" { domain = "" }
      default: break
      }
    }
  }
}

/// A declared input or output: `ValueInfoProto`.
struct OnnxPort {
  private(set) var name = ""
  private(set) var kind = Kind.other

  enum Kind {
    /// `dimensions` is `nil` where the rank is not declared.
    case tensor(elementType: Int64, dimensions: [Axis]?)
    /// A sequence of maps from class labels to numbers.
    case mapSequence
    case other
  }

  enum Axis {
    case length(Int64)
    case symbol(String)
    case open
  }

  init(_ port: UnsafeRawBufferPointer) throws(PipelineObstacle) {
    var scanner = OnnxMessage(port)
    while let (number, value) = try scanner.next() {
      if number == 1 { name = try value.asText() }
      if number == 2 { kind = try Self.kind(try value.asBytes()) }
    }
  }

  private static func kind(_ type: UnsafeRawBufferPointer) throws(PipelineObstacle) -> Kind {
    var kind = Kind.other
    var scanner = OnnxMessage(type)
    while let (number, value) = try scanner.next() {
      if number == 1 { kind = try tensor(try value.asBytes()) }
      if number == 4, try isMapSequence(try value.asBytes()) { kind = .mapSequence }
    }
    return kind
  }

  /// `TypeProto.Sequence`: its field 1 is the element's type, whose field 5 says that it is a map.
  private static func isMapSequence(
    _ sequence: UnsafeRawBufferPointer
  ) throws(PipelineObstacle) -> Bool {
    var isMap = false
    var scanner = OnnxMessage(sequence)
    while let (number, value) = try scanner.next() {
      guard number == 1 else { continue }
      var element = OnnxMessage(try value.asBytes())
      while let (number, _) = try element.next() {
        if number == 5 { isMap = true }
      }
    }
    return isMap
  }

  private static func tensor(_ tensor: UnsafeRawBufferPointer) throws(PipelineObstacle) -> Kind {
    var elementType: Int64 = 0
    var dimensions: [Axis]?
    var scanner = OnnxMessage(tensor)
    while let (number, value) = try scanner.next() {
      if number == 1 { elementType = try value.asInteger() }
      if number == 2 { dimensions = try axes(try value.asBytes()) }
    }
    return .tensor(elementType: elementType, dimensions: dimensions)
  }

  private static func axes(_ shape: UnsafeRawBufferPointer) throws(PipelineObstacle) -> [Axis] {
    var axes: [Axis] = []
    var scanner = OnnxMessage(shape)
    while let (number, value) = try scanner.next() {
      guard number == 1 else { continue }
      var axis = Axis.open
      var parts = OnnxMessage(try value.asBytes())
      while let (number, value) = try parts.next() {
        if number == 1 { axis = .length(try value.asInteger()) }
        if number == 2 {
          let symbol = try value.asText()
          axis = symbol.isEmpty ? .open : .symbol(symbol)
        }
      }
      axes.append(axis)
    }
    return axes
  }
}
