/// Writes ONNX files of a few nodes, for what no committed fixture has: wrong declarations, unknown
/// versions, values of unusual kinds. Field numbers are those of `onnx.proto`.
package struct MadeModel {
  package init() {}

  package var irVersion = 8
  package var opset = 17
  package var nodes: [Message] = []
  package var inputs: [Message] = []
  package var outputs: [Message] = []
  package var initializers: [Message] = []

  package var bytes: [UInt8] {
    var graph = Message()
    for node in nodes { graph.add(1, node) }
    graph.add(2, "graph")
    for initializer in initializers { graph.add(5, initializer) }
    for input in inputs { graph.add(11, input) }
    for output in outputs { graph.add(12, output) }
    var operators = Message()
    operators.add(1, "")
    operators.add(2, opset)
    var model = Message()
    model.add(1, irVersion)
    model.add(7, graph)
    model.add(8, operators)
    return model.bytes
  }

  package static func node(
    _ operation: String, _ inputs: [String], _ outputs: [String], domain: String = ""
  ) -> Message {
    var node = Message()
    for input in inputs { node.add(1, input) }
    for output in outputs { node.add(2, output) }
    node.add(4, operation)
    node.add(7, domain)
    return node
  }

  package static func value(_ name: String, _ type: Message) -> Message {
    var value = Message()
    value.add(1, name)
    value.add(2, type)
    return value
  }

  /// A tensor type; `nil` dimensions leave the rank undeclared, a negative length leaves an axis open.
  package static func tensor(_ elementType: Int = 1, _ dimensions: [Int]?) -> Message {
    var tensor = Message()
    tensor.add(1, elementType)
    if let dimensions {
      var shape = Message()
      for length in dimensions {
        var dimension = Message()
        if length >= 0 { dimension.add(1, length) }
        shape.add(1, dimension)
      }
      tensor.add(2, shape)
    }
    return Message(1, tensor)
  }

  package static func sequence(_ element: Message) -> Message { Message(4, Message(1, element)) }
  package static func optional(_ element: Message) -> Message { Message(9, Message(1, element)) }

  package static func floats(_ name: String, _ elements: [Float]) -> Message {
    var tensor = Message()
    tensor.add(1, elements.count)
    tensor.add(2, 1)
    tensor.add(8, name)
    tensor.add(9, elements.withUnsafeBytes { Array($0) })
    return tensor
  }

  /// Floats that lie in a file beside the model.
  package static func externalFloats(_ name: String, count: Int, file: String) -> Message {
    var tensor = Message()
    tensor.add(1, count)
    tensor.add(2, 1)
    tensor.add(8, name)
    var location = Message()
    location.add(1, "location")
    location.add(2, file)
    tensor.add(13, location)
    tensor.add(14, 1)
    return tensor
  }

  /// A protobuf message under construction.
  package struct Message {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package init(_ field: Int, _ message: Message) { add(field, message) }

    package mutating func add(_ field: Int, _ number: Int) {
      varint(field << 3)
      varint(number)
    }

    package mutating func add(_ field: Int, _ content: [UInt8]) {
      varint(field << 3 | 2)
      varint(content.count)
      bytes += content
    }

    package mutating func add(_ field: Int, _ text: String) { add(field, Array(text.utf8)) }
    package mutating func add(_ field: Int, _ message: Message) { add(field, message.bytes) }

    private mutating func varint(_ number: Int) {
      var rest = UInt(number)
      while rest >= 0x80 {
        bytes.append(UInt8(rest & 0x7f) | 0x80)
        rest >>= 7
      }
      bytes.append(UInt8(rest))
    }
  }
}

extension MadeModel {
  /// One node from `x` to `y`, both float and declared as given.
  package static func single(
    _ operation: String, input: [Int]?, output: [Int]?, domain: String = ""
  ) -> MadeModel {
    var model = MadeModel()
    model.nodes = [node(operation, ["x"], ["y"], domain: domain)]
    model.inputs = [value("x", tensor(1, input))]
    model.outputs = [value("y", tensor(1, output))]
    return model
  }
}
