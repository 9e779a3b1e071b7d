import Inference

/// JSON schemas (draft 2020-12) of what tensors hold.
package enum ElementSchemas {
  /// One element. What a datatype cannot hold is refused, so its bounds are told.
  static func element(_ datatype: Datatype) -> JSONValue {
    switch datatype {
    case .bool: ["type": "boolean"]
    case .uint8: integer(0, Int64(UInt8.max))
    case .uint16: integer(0, Int64(UInt16.max))
    case .uint32: integer(0, Int64(UInt32.max))
    // The greatest is no whole number of 64 bits with a sign.
    case .uint64: ["type": "integer", "minimum": 0, "maximum": 18_446_744_073_709_549_568.0]
    case .int8: integer(Int64(Int8.min), Int64(Int8.max))
    case .int16: integer(Int64(Int16.min), Int64(Int16.max))
    case .int32: integer(Int64(Int32.min), Int64(Int32.max))
    case .int64: integer(Int64.min, Int64.max)
    // Up to what would be rounded to infinity.
    case .float16: number(65_520.0.nextDown)
    case .bfloat16: number(0x1.ffp127.nextDown)
    case .float32: number(0x1.ffffffp127)
    case .float64: ["type": "number"]
    case .bytes: ["type": "string"]
    }
  }

  private static func integer(_ minimum: Int64, _ maximum: Int64) -> JSONValue {
    ["type": "integer", "minimum": .integer(minimum), "maximum": .integer(maximum)]
  }

  private static func number(_ bound: Double) -> JSONValue {
    ["type": "number", "minimum": .number(-bound), "maximum": .number(bound)]
  }

  /// Arrays nested as deep as there are axes, each as long as its axis where that is fixed.
  static func nested(_ element: JSONValue, _ axes: some Collection<Dimension>) -> JSONValue {
    axes.reversed().reduce(element) { inner, axis in
      array(of: inner, count: axis.fixedLength)
    }
  }

  /// - Parameter count: of its elements; `nil` for any.
  static func array(of element: JSONValue, count: Int?) -> JSONValue {
    let array: JSONValue = ["type": "array", "items": element]
    guard let count else { return array }
    let length = JSONValue.integer(Int64(count))
    return array.adding([.init("minItems", length), .init("maxItems", length)])
  }

  /// The `shape` of a tensor with these axes.
  static func shape(of tensor: TensorDescription) -> JSONValue {
    if tensor.isShapeless { return shape }
    let rank = JSONValue.integer(Int64(tensor.dimensions.count))
    let lengths = tensor.dimensions.map { dimension -> JSONValue in
      guard let length = dimension.fixedLength else { return anyLength }
      return ["type": "integer", "const": .integer(Int64(length))]
    }
    var members: [JSONValue.Member] = [.init("type", "array")]
    // A list of no schemas is no schema.
    if !lengths.isEmpty { members.append(.init("prefixItems", .array(lengths))) }
    return .object(members + [.init("minItems", rank), .init("maxItems", rank)])
  }

  /// Of a tensor of which no more is known.
  static let shape: JSONValue = [
    "type": "array", "items": anyLength, "maxItems": .integer(Int64(TensorShape.rankMax)),
  ]

  private static let anyLength: JSONValue = ["type": "integer", "minimum": 0]

  package static func object(
    _ properties: [JSONValue.Member], required: [String]
  ) -> JSONValue {
    var schema: JSONValue = ["type": "object", "properties": .object(properties)]
    if !required.isEmpty {
      schema = schema.adding("required", .array(required.map { .string($0) }))
    }
    return schema
  }

  /// Whatever fits one of them; the schema itself where there is but one.
  static func any(of schemas: [JSONValue]) -> JSONValue {
    schemas.count == 1 ? schemas[0] : ["anyOf": .array(schemas)]
  }

  /// One of the schemas that the document has by name.
  package static func reference(_ name: String) -> JSONValue {
    ["$ref": .string("#/components/schemas/\(name)")]
  }
}

extension Dimension {
  var fixedLength: Int? {
    if case .fixed(let length) = self { length } else { nil }
  }
}
