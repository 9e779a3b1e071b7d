import Inference

/// What the only input of a tabular model is taken as beyond what its metadata says.
extension SignatureSchemas {
  /// Datatypes that clients send, the input's own among them; every other number is taken, too.
  private static let datatypes: [Datatype] = [
    .float32, .float64, .int64, .int32, .uint8, .bool,
  ]

  /// The input under any name, once for each datatype.
  func tables(_ hasRegions: Bool) -> [JSONValue] {
    let own = model.signature.inputs[0]
    return Self.datatypes.map { datatype in
      input(
        named: ["type": "string"],
        TensorDescription(
          name: own.name, datatype: datatype, dimensions: own.dimensions, table: own.table),
        hasRegions)
    }
  }

  /// Values by the names of the columns, where those are known.
  func record(of table: FeatureTable, _ value: (JSONValue) -> JSONValue) -> JSONValue {
    let element = ElementSchemas.element(of: model.signature.inputs[0])
    guard let names = table.names else {
      return ["type": "object", "additionalProperties": value(element)]
    }
    return ElementSchemas.object(names.map { .init($0, value(element)) }, required: names)
      .adding("additionalProperties", false)
  }
}

extension ElementSchemas {
  /// One element of an input; of a table a number that is missing is `null`.
  static func element(of input: TensorDescription) -> JSONValue {
    let element = element(input.datatype)
    guard input.table != nil, [.float32, .float64].contains(input.datatype) else {
      return element
    }
    return any(of: [element, ["type": "null"]])
  }
}
