import Inference

/// JSON schemas of the bodies that one model takes, made from its signature.
package struct SignatureSchemas {
  let model: DescribedModel
  private var signature: ModelSignature { model.signature }

  package init(_ model: DescribedModel) { self.model = model }

  // MARK: Open Inference Protocol

  /// - Parameter hasRegions: inputs may lie in memory that the client shares.
  package func infer(hasRegions: Bool) -> JSONValue {
    var inputs =
      signature.table == nil
      ? signature.inputs.map { input(named: ["const": .string($0.name)], $0, hasRegions) }
      : tables(hasRegions)
    if model.takesPhotos { inputs.append(photos) }
    let required = max(1, signature.inputs.count { !$0.isOptional })
    let list: JSONValue = [
      "type": "array", "items": ElementSchemas.any(of: inputs),
      "minItems": .integer(Int64(required)), "maxItems": .integer(Int64(signature.inputs.count)),
    ]
    return ElementSchemas.object(
      [
        .init("id", ["type": "string"]), .init("inputs", list), .init("outputs", wantedOutputs),
        .init("parameters", ElementSchemas.reference("RequestParameters")),
      ], required: ["inputs"])
  }

  func input(
    named name: JSONValue, _ input: TensorDescription, _ hasRegions: Bool
  ) -> JSONValue {
    ElementSchemas.object(
      [
        .init("name", name), .init("datatype", ["const": .string(input.datatype.name)]),
        .init("shape", ElementSchemas.shape(of: input)), .init("data", elements(of: input)),
        .init("parameters", ElementSchemas.reference("InputParameters")),
      ],
      required: ["name", "shape", "datatype"] + (hasRegions ? [] : ["data"]))
  }

  /// Flat, or nested as deep as the shape.
  private func elements(of input: TensorDescription) -> JSONValue {
    let element = ElementSchemas.element(of: input)
    if input.isShapeless { return ["type": "array"] }
    let flat = ElementSchemas.array(of: element, count: nil)
    guard input.dimensions.count > 1 else { return flat }
    return ElementSchemas.any(of: [flat, ElementSchemas.nested(element, input.dimensions)])
  }

  /// Photos in place of numbers: an element for each, in base64.
  private var photos: JSONValue {
    let names = signature.inputs.map { JSONValue.string($0.name) }
    return ElementSchemas.object(
      [
        .init("name", ["enum": .array(names)]), .init("datatype", ["const": "BYTES"]),
        .init("shape", ElementSchemas.shape), .init("data", ["type": "array"]),
        .init("parameters", ["type": "object"]),
      ], required: ["name", "shape", "datatype", "data"])
  }

  private var wantedOutputs: JSONValue {
    let names = signature.outputs.map(\.name) + (model.takesPhotos ? FindingTensors.names : [])
    let output = ElementSchemas.object(
      [
        .init("name", ["enum": .array(names.map { .string($0) })]),
        .init("parameters", ElementSchemas.reference("OutputParameters")),
      ], required: ["name"])
    return ["type": "array", "items": output]
  }

  /// The answer to `infer`; a model that takes photos has two kinds of them.
  package var inferAnswer: JSONValue {
    guard !model.takesPhotos else { return ElementSchemas.reference("InferAnswer") }
    let outputs = signature.outputs.map { output in
      ElementSchemas.object(
        [
          .init("name", ["const": .string(output.name)]),
          // A classification of it is text.
          .init("datatype", ["enum": [.string(output.datatype.name), "BYTES"]]),
          .init("shape", ElementSchemas.shape), .init("data", ["type": "array"]),
          .init("parameters", ["type": "object"]),
        ], required: ["name", "datatype", "shape"])
    }
    let list: JSONValue = ["type": "array", "items": ElementSchemas.any(of: outputs)]
    return ElementSchemas.object(
      [
        .init("model_name", ["type": "string"]), .init("model_version", ["type": "string"]),
        .init("id", ["type": "string"]), .init("outputs", list),
      ], required: ["model_name", "model_version", "outputs"])
  }

  // MARK: By name

  /// Triton's generate: a member for each input, looser than tensors.
  package var generate: JSONValue {
    let given = signature.inputs.map { input -> JSONValue.Member in
      let element = ElementSchemas.element(input.datatype)
      return .init(input.name, ElementSchemas.any(of: [element, ["type": "array"]]))
    }
    // Inputs may also stand in `parameters`, so none is required here.
    return ElementSchemas.object(
      given + [.init("id", ["type": "string"]), .init("parameters", ["type": "object"])],
      required: [])
  }

  /// `instances` or `inputs`, as KServe V1 and TensorFlow Serving take them.
  package var predict: JSONValue {
    ElementSchemas.object(
      [
        .init("instances", ["type": "array", "items": row, "minItems": 1]),
        .init("inputs", columns),
        .init("signature_name", ["enum": [.string(SignatureName.only), ""]]),
        .init("parameters", ElementSchemas.reference("FreeParameters")),
      ], required: []
    ).adding("oneOf", [["required": ["instances"]], ["required": ["inputs"]]])
  }

  /// A row by itself where the model has one input, else by names; or a photo.
  private var row: JSONValue {
    let content = PlainContent(signature)
    if content.takesDocuments, let document = content.schema {
      // Text is a document's own.
      return ElementSchemas.any(of: [document, ["type": "string"]])
    }
    var forms = photoForms
    if let input = model.onlyInput { forms.append(value(of: input, dropsRows: true)) }
    forms.append(named { value(of: $0, dropsRows: true) })
    if let table = signature.table { forms.append(record(of: table) { $0 }) }
    return ElementSchemas.any(of: forms)
  }

  private var columns: JSONValue {
    var forms = photoForms
    if model.takesPhotos { forms.append(["type": "array", "items": photoForms[0], "minItems": 1]) }
    if let input = model.onlyInput { forms.append(value(of: input, dropsRows: false)) }
    forms.append(named { value(of: $0, dropsRows: false) })
    if let table = signature.table {
      forms.append(record(of: table) { ["type": "array", "items": $0] })
    }
    return ElementSchemas.any(of: forms)
  }

  private var photoForms: [JSONValue] {
    model.takesPhotos ? [ElementSchemas.reference("PhotoText")] : []
  }

  private func named(_ value: (TensorDescription) -> JSONValue) -> JSONValue {
    ElementSchemas.object(
      signature.inputs.map { .init($0.name, value($0)) },
      required: signature.inputs.filter { !$0.isOptional }.map(\.name)
    ).adding("additionalProperties", false)
  }

  /// Nested as the tensor is, or as one row of it. Axes of length 1 at the end may be left out, and a
  /// model without rows takes its whole input as the one row, so only what is plain is told.
  private func value(of input: TensorDescription, dropsRows: Bool) -> JSONValue {
    let axes = input.dimensions.dropFirst(dropsRows ? 1 : 0)
    let isPlain =
      !input.isShapeless && (!dropsRows || signature.hasRowAxis)
      && axes.last?.fixedLength != 1 && input.dimensions.count > (dropsRows ? 0 : 1)
    guard isPlain, input.datatype != .bytes else { return true }
    return ElementSchemas.nested(ElementSchemas.element(of: input), axes)
  }

  /// The bodies without a fixed form, of `/predict` and `/predictions/{m}`: all inputs at once under
  /// one of several keys, by their names, or the only one by itself.
  package var plain: JSONValue {
    let content = PlainContent(signature)
    if let whole = content.schema { return whole }
    let keys = ["inputs", "input", "data"].map { key in
      ElementSchemas.object([.init(key, columns)], required: [key])
    }
    var forms = [predict] + keys + [infer(hasRegions: false)]
    if model.takesPhotos {
      for key in ["image", "image_bytes", "data"] {
        forms.append(
          ElementSchemas.object(
            [.init(key, ["anyOf": [photoForms[0], ["type": "string"]]])], required: [key]))
      }
    }
    if let arguments = content.arguments { forms.insert(arguments, at: 0) }
    forms += [columns, ElementSchemas.reference("PhotoText")].prefix(model.takesPhotos ? 2 : 1)
    return ElementSchemas.any(of: forms)
  }
}
