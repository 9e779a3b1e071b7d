import Inference

/// Tensors that are the columns of one table, [n] or [n, 1] each: of a tabular model by the names of
/// its columns, and of any model where the request's content type is `pd`, as MLServer's clients send a
/// data frame. The same rules for every form of the Open Inference Protocol.
package struct ColumnInputs: Sendable {
  /// What each tensor of the request is checked against, in the request's order.
  let signature: ModelSignature
  private let model: ModelSignature
  private let target: ColumnPlan.Target

  /// `nil` where the request's tensors are no columns.
  static func meant(
    by said: SaidTensors, for model: ModelSignature, after problem: InputProblem
  ) throws(InputProblem) -> ColumnInputs? {
    let isFrame = said.contentType == "pd"
    guard RenamedInputs.mayBeMeant(after: problem, for: model), !said.names.isEmpty,
      isFrame || areColumns(said.names, of: model)
    else { return nil }
    return try ColumnInputs(model, names: said.names)
  }

  /// Whether these can be nothing else: a tabular model has one input, which is one tensor.
  private static func areColumns(_ names: [String], of model: ModelSignature) -> Bool {
    guard let table = model.table else { return false }
    let isRepeated = names.count > 1 && names.contains { $0 != model.inputs[0].name }
    return isRepeated || names.contains { table.names?.contains($0) ?? false }
  }

  private init(_ model: ModelSignature, names: [String]) throws(InputProblem) {
    self.model = model
    target = try ColumnPlan(model, columns: names, width: names.count).target
    let target = target
    let columns = names.enumerated().map { place, name in
      let input = model.inputs[target.input(ofColumn: place)]
      return TensorDescription(
        name: name, datatype: input.datatype, dimensions: [], isShapeless: true,
        table: input.datatype == .bytes ? nil : input.table ?? FeatureTable(names: nil))
    }
    signature = ModelSignature(inputs: columns, outputs: model.outputs, hasRowAxis: true)
  }

  /// The model's inputs, of tensors that were read under `signature`.
  func joined(_ columns: [Tensor?]) throws(InputProblem) -> [Tensor?] {
    let columns = columns.compactMap(\.self)
    precondition(columns.count == signature.inputs.count, "a column without a tensor")
    try checkLengths(columns)
    var inputs = [Tensor?](repeating: nil, count: model.inputs.count)
    switch target {
    case .inputs(let places):
      for (column, place) in places.enumerated() {
        let tensor = try exactly(columns[column], column)
        inputs[place] = try NestedInput.fitted(tensor, to: model.inputs[place])
      }
    case .features(let input, let places, let width):
      inputs[input] = try NestedInput.fitted(
        try table(columns, places, width), to: model.inputs[input])
    }
    return inputs
  }

  private func checkLengths(_ columns: [Tensor]) throws(InputProblem) {
    var isTable = false
    if case .features = target { isTable = true }
    for (place, column) in columns.enumerated() {
      let shape = column.shape
      let isColumn = shape.rank == 1 || shape.rank == 2 && shape[1] == 1
      guard shape.rank > 0, isColumn || !isTable else {
        throw .wrongShape(
          input: signature.inputs[place].name, expected: [-1, 1], got: shape.array)
      }
      guard !model.hasRowAxis || shape[0] == columns[0].shape[0] else {
        let names = signature.inputs.map(\.name)
        throw .framing(
          "column \(PublicText.quoted(names[place])) has \(shape[0]) values, but column "
            + "\(PublicText.quoted(names[0])) has \(columns[0].shape[0]); a table's columns are of "
            + "one length")
      }
    }
  }

  /// A column in the datatype of its input. Numbers became that when they were read, if it is Float32
  /// or Float64; into others go only those that they hold.
  private func exactly(_ column: Tensor, _ place: Int) throws(InputProblem) -> Tensor {
    let wanted = signature.inputs[place]
    guard column.datatype != wanted.datatype else { return column }
    var cells = FeatureCells(wanted)
    return try cells.converted(column)
  }

  // MARK: Side by side

  private func table(
    _ columns: [Tensor], _ places: [Int], _ width: Int
  ) throws(InputProblem) -> Tensor {
    let rowCount = columns[0].shape[0]
    let (count, overflow) = rowCount.multipliedReportingOverflow(by: width)
    guard !overflow else { throw .raggedArray(input: signature.inputs[0].name) }
    let datatype = signature.inputs[0].datatype
    guard let size = datatype.elementByteCount else {
      return Self.strings(columns, places, rowCount)
    }
    let storage = TensorStorage(byteCount: count * size)
    for (column, tensor) in columns.enumerated() {
      let tensor = try exactly(tensor, column)
      guard let source = tensor.hostBytes, let all = storage.hostBytesForFilling, rowCount > 0
      else { continue }
      let target = UnsafeMutableRawBufferPointer(rebasing: all[(places[column] * size)...])
      switch size {
      case 1: Self.spread(source, over: target, width, UInt8.self)
      case 2: Self.spread(source, over: target, width, UInt16.self)
      case 4: Self.spread(source, over: target, width, UInt32.self)
      default: Self.spread(source, over: target, width, UInt64.self)
      }
    }
    return Tensor(datatype: datatype, shape: [rowCount, width], storage: storage)
  }

  /// Puts elements `width` places apart.
  @inline(__always)
  private static func spread<Element: BitwiseCopyable>(
    _ source: UnsafeRawBufferPointer, over target: UnsafeMutableRawBufferPointer, _ width: Int,
    _ type: Element.Type
  ) {
    let size = MemoryLayout<Element>.size
    for row in 0..<source.count / size {
      let element = source.loadUnaligned(fromByteOffset: row * size, as: type)
      target.storeBytes(of: element, toByteOffset: row * width * size, as: type)
    }
  }

  private static func strings(_ columns: [Tensor], _ places: [Int], _ rowCount: Int) -> Tensor {
    var cells = [[UnsafeRawBufferPointer]](repeating: [], count: columns.count)
    for (column, tensor) in columns.enumerated() {
      _ = tensor.forEachByteString { cells[places[column]].append($0) }
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(columns.reduce(0) { $0 + $1.byteCount })
    for row in 0..<rowCount {
      for column in cells {
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: column[row].count).littleEndian) {
          bytes.append(contentsOf: $0)
        }
        bytes.append(contentsOf: column[row])
      }
    }
    return withExtendedLifetime(columns) {
      Tensor(bytes, datatype: .bytes, shape: [rowCount, columns.count])
    }
  }
}

extension ColumnPlan.Target {
  /// Place of the input that a column belongs to.
  fileprivate func input(ofColumn column: Int) -> Int {
    switch self {
    case .inputs(let places): places[column]
    case .features(let input, _, _): input
    }
  }
}
