/// An input or output as an operator wrote it down.
package struct DeclaredTensor: Sendable, Equatable {
  package var name: String
  package var datatype: Datatype
  /// Lengths without the row axis, -1 for any.
  package var dimensions: [Int]
  /// What the model itself sees in place of `dimensions`: as many elements, in another shape.
  package var modelDimensions: [Int]?
  package var isOptional: Bool

  package init(
    name: String, datatype: Datatype, dimensions: [Int], modelDimensions: [Int]? = nil,
    isOptional: Bool = false
  ) {
    self.name = name
    self.datatype = datatype
    self.dimensions = dimensions
    self.modelDimensions = modelDimensions
    self.isOptional = isOptional
  }

  /// As a sentence shows it: `FP32 [3,224,224]`.
  package var summary: String {
    "\(datatype.name) [\(dimensions.map(String.init).joined(separator: ","))]"
  }

  /// Whether the two shapes hold the same elements: equal products of what is fixed, and as many
  /// open lengths, which are taken for each other in their order.
  package var isReshapable: Bool {
    guard let modelDimensions else { return true }
    return Self.fixedProduct(dimensions) == Self.fixedProduct(modelDimensions)
      && dimensions.count { $0 < 0 } == modelDimensions.count { $0 < 0 }
  }

  private static func fixedProduct(_ lengths: [Int]) -> Int? {
    var product = 1
    for length in lengths where length >= 0 {
      let (next, overflow) = product.multipliedReportingOverflow(by: length)
      if overflow { return nil }
      product = next
    }
    return product
  }
}

/// What an operator says a model takes and gives; the model itself says the rest.
package struct DeclaredSignature: Sendable, Equatable {
  package var inputs: [DeclaredTensor]
  package var outputs: [DeclaredTensor]
  /// Most rows of a run; 0 where the shapes are whole, without a row axis; `nil` where the model
  /// is to say.
  package var rowsMax: Int?
  /// Inputs that the server fills and outputs that it keeps, by name: they stay what the model says.
  package var serverTensors: Set<String>

  package init(
    inputs: [DeclaredTensor] = [], outputs: [DeclaredTensor] = [], rowsMax: Int? = nil,
    serverTensors: Set<String> = []
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.rowsMax = rowsMax
    self.serverTensors = serverTensors
  }

  /// Why a declaration and a model do not belong together, with what each of them says.
  package struct Clash: Error, Sendable, Equatable {
    package let sentence: String
  }

  /// The model's signature with what is declared over it: declared tensors in their order and
  /// shapes, inputs that are not declared after them; outputs that are not declared are not given,
  /// but for those that a request has to name.
  package func completed(
    from model: ModelSignature
  ) throws(Clash) -> ModelSignature {
    let hasRows = try hasRowAxis(of: model)
    let takes = try inputs.map { (tensor) throws(Clash) in
      try merged(tensor, with: model.inputs, kind: "input", hasRows)
    }
    let gives = try outputs.map { (tensor) throws(Clash) in
      try merged(tensor, with: model.outputs, kind: "output", hasRows)
    }
    let others = model.inputs.filter { input in !inputs.contains { $0.name == input.name } }
    if !inputs.isEmpty,
      let missing = others.first(where: { !$0.isOptional && !serverTensors.contains($0.name) })
    {
      throw Clash(
        sentence: "the model needs the input \(missing.name) (\(Self.text(missing))), which is "
          + "not declared beside \(inputs.map(\.name).joined(separator: ", "))")
    }
    let kept = model.outputs.filter { output in
      (serverTensors.contains(output.name) || output.isOnRequest)
        && !outputs.contains { $0.name == output.name }
    }
    return ModelSignature(
      inputs: takes + others, outputs: outputs.isEmpty ? model.outputs : gives + kept,
      hasRowAxis: hasRows, metadata: model.metadata, methods: model.methods)
  }

  /// Whether requests carry rows: as declared, else as the ranks of what is declared tell.
  private func hasRowAxis(of model: ModelSignature) throws(Clash) -> Bool {
    if let rowsMax {
      let isFixed = model.inputs.first { $0.dimensions.first?.metadataLength != -1 }
      if rowsMax > 0, inputs.isEmpty, !model.hasRowAxis, let isFixed {
        throw Clash(
          sentence: "max_batch_size is \(rowsMax), but axis 0 of the model's input "
            + "\(isFixed.name) (\(Self.text(isFixed))) does not count rows; set it to 0")
      }
      return rowsMax > 0
    }
    for tensor in inputs {
      guard let own = model.inputs.first(where: { $0.name == tensor.name }), !own.isShapeless
      else { continue }
      return own.dimensions.count == (tensor.modelDimensions ?? tensor.dimensions).count + 1
        && model.hasRowAxis
    }
    return model.hasRowAxis
  }

  private func merged(
    _ tensor: DeclaredTensor, with models: [TensorDescription], kind: String, _ hasRows: Bool
  ) throws(Clash) -> TensorDescription {
    guard let own = models.first(where: { $0.name == tensor.name }) else {
      let known = models.map(\.name).joined(separator: ", ")
      throw Clash(sentence: "the model has no \(kind) \(tensor.name); it has \(known)")
    }
    func clash(_ what: String) -> Clash {
      let rows = hasRows ? " beside a row axis (max_batch_size above 0)" : ""
      return Clash(
        sentence: "\(kind) \(tensor.name) is declared as \(tensor.summary)\(rows), but the "
          + "model's is \(Self.text(own)): \(what)")
    }
    guard own.takes(tensor.datatype) else { throw clash("the datatypes differ") }
    if tensor.isOptional, !own.isOptional { throw clash("it is not optional there") }
    let wanted = tensor.modelDimensions ?? tensor.dimensions
    var rows: [Dimension] = []
    if own.isShapeless {
      rows = hasRows ? [.any(name: nil)] : []
    } else {
      var given = own.dimensions[...]
      if hasRows {
        guard let first = given.popFirst() else { throw clash("it has no axis for rows") }
        guard case .any = first else { throw clash("its axis 0 is fixed; set max_batch_size to 0") }
        rows = [first]
      }
      guard given.count == wanted.count else { throw clash("the ranks differ") }
      for (length, dimension) in zip(wanted, given) {
        if case .fixed(let fixed) = dimension, fixed != length { throw clash("the shapes differ") }
      }
    }
    return TensorDescription(
      name: tensor.name, datatype: own.datatype,
      dimensions: rows + tensor.dimensions.map { $0 < 0 ? .any(name: nil) : .fixed($0) },
      isOptional: own.isOptional, table: tensor.modelDimensions == nil ? own.table : nil,
      holdsDocuments: own.holdsDocuments, isSetting: own.isSetting)
  }

  private static func text(_ tensor: TensorDescription) -> String {
    if tensor.isShapeless { return "\(tensor.datatype.name) of any shape" }
    let lengths = tensor.metadataShape.map(String.init).joined(separator: ",")
    return "\(tensor.datatype.name) [\(lengths)]"
  }
}
