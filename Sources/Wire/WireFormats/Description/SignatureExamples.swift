import Inference

/// Requests that one model answers, made from its signature; each is small.
package struct SignatureExamples {
  let model: DescribedModel
  private var signature: ModelSignature { model.signature }
  /// Elements of one input that are written out; larger inputs have no example in JSON.
  static let elementCountMax = 1_024

  package init(_ model: DescribedModel) { self.model = model }

  /// Of `/infer`: photos for a model that takes them, else tensors; `nil` where that would be long.
  package var infer: JSONValue? {
    var request: JSONValue?
    if model.takesPhotos, let input = signature.inputs.first {
      request = ["inputs": [photoTensor(input.name)]]
    } else if let tensors = each({ tensor($0) }) {
      request = ["inputs": .array(tensors)]
    }
    guard model.takesSequences else { return request }
    return request?.adding(
      "parameters", ["sequence_id": 1, "sequence_start": true, "sequence_end": true])
  }

  private func photoTensor(_ name: String) -> JSONValue {
    [
      "name": .string(name), "shape": [1], "datatype": "BYTES",
      "parameters": ["content_type": "base64"], "data": [.string(ExamplePhoto.base64)],
    ]
  }

  private func tensor(_ input: TensorDescription) -> JSONValue? {
    guard var elements = elements(of: input) else { return nil }
    // Tensors hold the text of documents.
    if input.holdsDocuments {
      elements = elements.map { .string(String(decoding: $0.bytes, as: UTF8.self)) }
    }
    return [
      "name": .string(input.name),
      "shape": .array(lengths(of: input).map { .integer(Int64($0)) }),
      "datatype": .string(input.datatype.name), "data": .array(elements),
    ]
  }

  /// Of `/generate`: inputs by their names.
  package var generate: JSONValue? {
    each { input in
      elements(of: input).map {
        JSONValue.Member(input.name, $0.count == 1 ? $0[0] : .array($0))
      }
    }.map { .object($0) }
  }

  /// Of `:predict`, `/invocations` and the like: one row.
  package var instances: JSONValue? {
    if model.takesPhotos { return ["instances": [["b64": .string(ExamplePhoto.base64)]]] }
    let values = each { input in
      nested(input).map { value -> JSONValue.Member in
        // A row of the value, where it is one of several.
        if signature.hasRowAxis, case .array(let rows) = value, let row = rows.first {
          return .init(input.name, row)
        }
        return .init(input.name, value)
      }
    }
    guard let values else { return nil }
    if values.count == 1 { return ["instances": [values[0].value]] }
    return signature.hasRowAxis ? ["instances": [.object(values)]] : inputs
  }

  /// Of `/predict` and `/predictions/{m}`: what the model itself says, where it does.
  package var plain: JSONValue? {
    PlainContent(signature).example ?? inputs ?? instances
  }

  /// Of the same addresses: all rows of each input together.
  package var inputs: JSONValue? {
    if model.takesPhotos { return nil }
    let values = each { input in nested(input).map { JSONValue.Member(input.name, $0) } }
    guard let values else { return nil }
    return ["inputs": values.count == 1 ? values[0].value : .object(values)]
  }

  /// Of `:classify` and `:regress`: the features of one example.
  package var examples: JSONValue? {
    guard case .object(let members)? = inputs, case .array(let rows)? = members.first?.value,
      let row = rows.first, let input = model.onlyInput
    else { return nil }
    return ["examples": [.object([.init(input.name, row)])]]
  }

  /// `nil` where one of them has none.
  private func each<Value>(_ value: (TensorDescription) -> Value?) -> [Value]? {
    var values: [Value] = []
    for input in signature.inputs where !input.isOptional {
      guard let made = value(input) else { return nil }
      values.append(made)
    }
    return values
  }
}

// MARK: - Values

extension SignatureExamples {
  /// Axes of any length are 1 long, but for the sides of a picture.
  private func lengths(of input: TensorDescription) -> [Int] {
    if input.isShapeless { return [1] }
    let isPicture = input.dimensions.count == 4
    return input.dimensions.enumerated().map { axis, dimension in
      if let length = dimension.fixedLength { return length }
      switch (isPicture, axis, model.imageSize) {
      case (true, 2, let size?): return size.height
      case (true, 3, let size?): return size.width
      default: return 1
      }
    }
  }

  private func elements(of input: TensorDescription) -> [JSONValue]? {
    var count = 1
    for length in lengths(of: input) {
      count = count.multipliedReportingOverflow(by: length).partialValue
      guard (0...Self.elementCountMax).contains(count) else { return nil }
    }
    if count == 1, let told = told(of: input) { return [told] }
    // What a document has to have nothing but the model could say.
    if input.holdsDocuments { return nil }
    return (0..<count).map { Self.element(input.datatype, $0) }
  }

  /// What the model's own example has for an input of one element.
  private func told(of input: TensorDescription) -> JSONValue? {
    let content = PlainContent(signature)
    guard let example = content.example else { return nil }
    if content.takesDocuments { return input.name == signature.inputs[0].name ? example : nil }
    guard case .object(let members) = example,
      let value = members.first(where: { $0.key == input.name })?.value
    else { return nil }
    switch value {
    case .object, .array: return input.holdsDocuments ? value : nil
    default: return value
    }
  }

  /// Numbers that differ, so that a mistaken order of axes shows.
  private static func element(_ datatype: Datatype, _ place: Int) -> JSONValue {
    switch datatype {
    case .bool: .bool(place % 2 == 0)
    case .float16, .float32, .float64, .bfloat16: .number([5.1, 3.5, 1.4, 0.2][place % 4])
    case .bytes: .string("text")
    // Small ones, as whole numbers often are places in a table.
    case .uint8, .uint16, .uint32, .uint64, .int8, .int16, .int32, .int64:
      .integer(Int64(place % 2))
    }
  }

  private func nested(_ input: TensorDescription) -> JSONValue? {
    elements(of: input).map { Self.nest($0[...], lengths(of: input)[...]) }
  }

  private static func nest(
    _ elements: ArraySlice<JSONValue>, _ lengths: ArraySlice<Int>
  ) -> JSONValue {
    guard let length = lengths.first else { return elements.first ?? .null }
    guard lengths.count > 1 else { return .array(Array(elements)) }
    let step = length == 0 ? 0 : elements.count / length
    return .array(
      (0..<length).map { place in
        let start = elements.startIndex + place * step
        return nest(elements[start..<start + step], lengths.dropFirst())
      })
  }
}

/// A photo that every vision model can look at, if only to find nothing: a disc and a square.
enum ExamplePhoto {
  /// A PNG of 48 x 48 pixels.
  static let base64 =
    "iVBORw0KGgoAAAANSUhEUgAAADAAAAAwAgMAAAAqbBEUAAAACVBMVEX6+vXIKCgeWqrRNbOnAAAAb0lEQVR42r3QsQ2D"
    + "QAyF4Y/LVVQ06TMKI9AgZbxMkaVoGAAlKcxdBEoHypNs+fezC5uzdR3XItH0hgqZXKGjqdCLIEW3K85XKZbzL+cwLI"
    + "i0d94wgwvTjWcZm4VLYin72x9stB7cPnjdzz7hP3BYHy0BDetATM42AAAAAElFTkSuQmCC"
}

extension SignatureExamples {
  /// A photo in JSON.
  package static let photo: JSONValue = ["b64": .string(ExamplePhoto.base64)]
}
