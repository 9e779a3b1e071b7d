/// One axis of a declared tensor.
package enum Dimension: Sendable, Hashable {
  case fixed(Int)
  /// Any length. The name, where the model gives one, ties axes of equal name together for people;
  /// nothing relies on it.
  case any(name: String?)

  /// The length as V2 metadata writes it: -1 where any length goes.
  package var metadataLength: Int {
    switch self {
    case .fixed(let length): length
    case .any: -1
    }
  }
}

/// What a model declares of one input or output.
package struct TensorDescription: Sendable, Hashable {
  package let name: String
  package let datatype: Datatype
  package let dimensions: [Dimension]
  /// The rank is not declared: any shape goes.
  package let isShapeless: Bool
  /// A request may leave this input out.
  package let isOptional: Bool
  /// What its columns are, where it is the input of a tabular model.
  package let table: FeatureTable?
  /// This output is given where a request names it, and not otherwise. Such outputs stand behind all
  /// others, so that those keep their places where none is named.
  package let isOnRequest: Bool
  /// This output takes so much longer than others that a run that gives it is not for an event loop,
  /// however cheap the model is otherwise.
  package let isCostly: Bool
  /// Each element of this input of bytes is a JSON document.
  package let holdsDocuments: Bool
  /// One element of this optional input stands for all rows of a request.
  package let isSetting: Bool

  package init(
    name: String, datatype: Datatype, dimensions: [Dimension], isShapeless: Bool = false,
    isOptional: Bool = false, table: FeatureTable? = nil, isOnRequest: Bool = false,
    isCostly: Bool = false, holdsDocuments: Bool = false, isSetting: Bool = false
  ) {
    self.isSetting = isSetting
    self.isCostly = isCostly
    self.holdsDocuments = holdsDocuments
    self.name = name
    self.datatype = datatype
    self.dimensions = dimensions
    self.isShapeless = isShapeless
    self.isOptional = isOptional
    self.table = table
    self.isOnRequest = isOnRequest
  }

  /// Whether a tensor of this shape may be given here; one with too many rows without elements may
  /// nowhere.
  package func admits(_ shape: TensorShape) -> Bool {
    if shape.hasTooManyEmptyRows { return false }
    if isShapeless { return true }
    guard shape.rank == dimensions.count else { return false }
    for (axis, dimension) in dimensions.enumerated() {
      if case .fixed(let length) = dimension, shape[axis] != length { return false }
    }
    return true
  }

  /// The shape, where every axis is fixed and the rank is within `TensorShape.rankMax`.
  package var fixedShape: TensorShape? {
    if isShapeless { return nil }
    var lengths: [Int] = []
    for dimension in dimensions {
      guard case .fixed(let length) = dimension else { return nil }
      lengths.append(length)
    }
    return TensorShape(lengths)
  }

  /// The declared shape as V2 metadata writes it, -1 for any length.
  package var metadataShape: [Int] {
    isShapeless ? [-1] : dimensions.map(\.metadataLength)
  }
}

/// One more way of asking a model, with inputs and outputs of its own.
package struct ModelMethod: Sendable {
  package let name: String
  /// Its own methods are none.
  package let signature: ModelSignature

  package init(name: String, signature: ModelSignature) {
    self.name = name
    self.signature = signature
  }
}

/// What a model takes and gives, and what it says about itself.
package struct ModelSignature: Sendable {
  package let inputs: [TensorDescription]
  package let outputs: [TensorDescription]
  /// Axis 0 of every input and output counts independent rows, so that requests may be joined.
  package let hasRowAxis: Bool
  /// What the model file says about itself, key to value, as it is written there.
  package let metadata: [String: String]
  /// Other ways of asking it, each by its name.
  package let methods: [ModelMethod]
  /// Whether an input is a table of features.
  package let hasTables: Bool
  /// Some inputs are settings.
  let hasSettings: Bool

  package init(
    inputs: [TensorDescription], outputs: [TensorDescription], hasRowAxis: Bool,
    metadata: [String: String] = [:], methods: [ModelMethod] = []
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.hasRowAxis = hasRowAxis
    self.metadata = metadata
    self.methods = methods
    hasTables = inputs.contains { $0.table != nil }
    hasSettings = inputs.contains(where: \.isSetting)
  }

  /// What a request takes and gives that asks this method: 0 is the model itself, 1 the first of
  /// `methods`.
  package func ofMethod(_ number: Int) -> ModelSignature {
    number == 0 ? self : methods[number - 1].signature
  }

  /// The number of the method of that name, as requests have it.
  package func methodNumber(named name: String) -> Int? {
    methods.firstIndex { $0.name == name }.map { $0 + 1 }
  }

  /// Place of the input of that name.
  package func inputIndex(named name: String) -> Int? {
    inputs.firstIndex { $0.name == name }
  }

  /// Place of the input that a client means by that name: the one that has it, and of a tabular model,
  /// whose clients call its input as they like, the only one, unless a column has the name.
  package func inputIndex(meantBy name: String) -> Int? {
    if let index = inputIndex(named: name) { return index }
    guard let table, !(table.names?.contains(name) ?? false) else { return nil }
    return 0
  }

  /// The columns of the only input, where it is a table of features.
  package var table: FeatureTable? {
    hasTables && inputs.count == 1 ? inputs[0].table : nil
  }

  /// Whether a request is its first input and, if it likes, others.
  package var hasOneContent: Bool {
    !inputs.isEmpty && inputs.dropFirst().allSatisfy(\.isOptional)
  }

  /// The inputs of a request that gives the first of them.
  package func alone(_ tensor: Tensor) -> [Tensor?] {
    [tensor] + [Tensor?](repeating: nil, count: inputs.count - 1)
  }

  /// Place of the output of that name.
  package func outputIndex(named name: String) -> Int? {
    outputs.firstIndex { $0.name == name }
  }
}
