/// Operators on numbers and truths, element by element.
extension OperatorReader {
  mutating func readUnary(
    _ operation: UnaryOperation, _ node: OnnxNode
  ) throws(PipelineObstacle) {
    let column = try column(node, 0)
    let width = column.shape.width
    switch column.kind {
    case .float:
      let result = try output(node, .float, column.shape).place
      builder.add(
        UnaryStep<Float>(
          operation: operation, source: column.place, result: result, width: width))
    case .double:
      let result = try output(node, .double, column.shape).place
      builder.add(
        UnaryStep<Double>(
          operation: operation, source: column.place, result: result, width: width))
    case let other: throw .notComputed("'\(node.operatorName)' of \(other)s")
    }
  }

  /// Two operands, or any number one after the other, as `Sum`, `Min` and `Max` have them.
  mutating func readBinary(
    _ operation: BinaryOperation, _ node: OnnxNode
  ) throws(PipelineObstacle) {
    guard node.inputs.count > 1 else { return try set(try value(node, 0), node) }
    var value = try value(node, 0)
    for place in 1..<node.inputs.count {
      let pair = try paired(value, try self.value(node, place), node)
      let result = try builder.column(pair.kind, pair.shape)
      try addBinary(operation, pair, result: result.place, node)
      value = .column(result)
    }
    try set(value, node)
  }

  private mutating func addBinary(
    _ operation: BinaryOperation, _ pair: PairedOperands, result: Int, _ node: OnnxNode
  ) throws(PipelineObstacle) {
    let (kind, places) = (pair.kind, pair.places)
    switch kind {
    case .float:
      builder.add(BinaryStep<Float>(operation: operation, places: places, result: result))
    case .double:
      builder.add(BinaryStep<Double>(operation: operation, places: places, result: result))
    case .int64:
      guard let operation = IntegerStep<Int64>.Operation(rawValue: operation.rawValue) else {
        throw .notComputed("'\(node.operatorName)' of whole numbers")
      }
      builder.add(IntegerStep<Int64>(operation: operation, places: places, result: result))
    default: throw .notComputed("'\(node.operatorName)' of \(kind)s")
    }
  }

  mutating func readComparison(
    _ comparison: Comparison, _ node: OnnxNode
  ) throws(PipelineObstacle) {
    let pair = try paired(try value(node, 0), try value(node, 1), node)
    let (places, result) = (pair.places, try output(node, .bool, pair.shape).place)
    switch pair.kind {
    case .float:
      builder.add(ComparisonStep<Float>(comparison: comparison, places: places, result: result))
    case .double:
      builder.add(ComparisonStep<Double>(comparison: comparison, places: places, result: result))
    case .int64:
      builder.add(ComparisonStep<Int64>(comparison: comparison, places: places, result: result))
    case .int32:
      builder.add(ComparisonStep<Int32>(comparison: comparison, places: places, result: result))
    case .bool:
      builder.add(ComparisonStep<UInt8>(comparison: comparison, places: places, result: result))
    case .string: throw .notComputed("'\(node.operatorName)' of strings")
    }
  }

  mutating func readConnective(
    _ connective: ConnectiveStep.Connective, _ node: OnnxNode
  ) throws(PipelineObstacle) {
    let pair = try paired(try value(node, 0), try value(node, 1), node)
    guard pair.kind == .bool else { throw .notComputed("'\(node.operatorName)' of \(pair.kind)s") }
    builder.add(
      ConnectiveStep(
        connective: connective, places: pair.places,
        result: try output(node, .bool, pair.shape).place))
  }

  mutating func readNot(_ node: OnnxNode) throws(PipelineObstacle) {
    let column = try column(node, 0)
    guard column.kind == .bool else { throw .corrupt("'Not' of \(column.kind)s") }
    builder.add(
      NotStep(
        source: column.place, result: try output(node, .bool, column.shape).place,
        width: column.shape.width))
  }

  mutating func readIsNaN(_ node: OnnxNode) throws(PipelineObstacle) {
    let column = try column(node, 0)
    let result = try output(node, .bool, column.shape).place
    let width = column.shape.width
    switch column.kind {
    case .float:
      builder.add(IsNaNStep<Float>(source: column.place, result: result, width: width))
    case .double:
      builder.add(IsNaNStep<Double>(source: column.place, result: result, width: width))
    case let other: throw .notComputed("'IsNaN' of \(other)s")
    }
  }

  mutating func readWhere(_ node: OnnxNode) throws(PipelineObstacle) {
    let truth = try value(node, 0)
    let pair = try paired(try value(node, 1), try value(node, 2), node, with: truth)
    guard kind(of: truth) == .bool else { throw .corrupt("'Where' of no truths") }
    let result = try output(node, pair.kind, pair.shape).place
    let choice = try operand(truth, in: pair.shape)
    switch pair.kind.byteCount {
    case 1:
      builder.add(ChoiceStep<UInt8>(truth: choice, places: pair.places, result: result))
    case 4:
      builder.add(ChoiceStep<UInt32>(truth: choice, places: pair.places, result: result))
    case 8:
      builder.add(ChoiceStep<UInt64>(truth: choice, places: pair.places, result: result))
    default:
      builder.add(ChoiceStep<TextSlot>(truth: choice, places: pair.places, result: result))
    }
  }

  /// `Clip` as the larger of the lower bound and the smaller of the upper one; bounds are attributes
  /// before version 11.
  mutating func readClip(_ node: OnnxNode) throws(PipelineObstacle) {
    var value = try value(node, 0)
    for (place, name, operation) in [
      (1, "min", BinaryOperation.maximum), (2, "max", .minimum),
    ] {
      var bound: PipelineValue?
      if place < node.inputs.count, !node.inputs[place].isEmpty {
        bound = try self.value(node, place)
      } else if let own = try node.float(name) {
        bound = .constant(Constant(elements: .floats([own]), dimensions: []))
      }
      guard let bound else { continue }
      let pair = try paired(value, bound, node)
      guard pair.kind == .float || pair.kind == .double else {
        throw .notComputed("'Clip' of \(pair.kind)s")
      }
      let result = try builder.column(pair.kind, pair.shape)
      try addBinary(operation, pair, result: result.place, node)
      value = .column(result)
    }
    try set(value, node)
  }

  mutating func readCast(_ node: OnnxNode) throws(PipelineObstacle) {
    guard let kind = ElementKind(rawValue: try node.integer("to") ?? 0) else {
      throw .notComputed("'Cast' to a kind that is not computed with")
    }
    try set(.column(try cast(try column(node, 0), to: kind)), node)
  }

  /// The column as another kind; itself where it is of that kind.
  mutating func cast(_ column: Column, to kind: ElementKind) throws(PipelineObstacle) -> Column {
    if column.kind == kind { return column }
    let result = try builder.column(kind, column.shape)
    switch column.kind {
    case .float: try addCast(column, as: Float.self, to: result)
    case .double: try addCast(column, as: Double.self, to: result)
    case .int64: try addCast(column, as: Int64.self, to: result)
    case .int32: try addCast(column, as: Int32.self, to: result)
    case .bool: try addCast(column, as: Truth.self, to: result)
    case .string: throw .notComputed("'Cast' of strings")
    }
    return result
  }

  private mutating func addCast<Source: CastNumber>(
    _ column: Column, as source: Source.Type, to result: Column
  ) throws(PipelineObstacle) {
    let (from, to, width) = (column.place, result.place, column.shape.width)
    switch result.kind {
    case .float: builder.add(CastStep<Source, Float>(source: from, result: to, width: width))
    case .double: builder.add(CastStep<Source, Double>(source: from, result: to, width: width))
    case .int64: builder.add(CastStep<Source, Int64>(source: from, result: to, width: width))
    case .int32: builder.add(CastStep<Source, Int32>(source: from, result: to, width: width))
    case .bool: builder.add(CastStep<Source, Truth>(source: from, result: to, width: width))
    case .string: throw .notComputed("'Cast' to strings")
    }
  }
}

/// Two operands of one kind, and the shape of what comes of them.
struct PairedOperands {
  let kind: ElementKind
  let shape: ColumnShape
  let places: PairedPlaces
}

// MARK: - Operands

extension OperatorReader {
  func kind(of value: PipelineValue) -> ElementKind {
    switch value {
    case .column(let column): column.kind
    case .constant(let constant): constant.elements.kind
    }
  }

  private func axes(of value: PipelineValue) -> [Int?] {
    switch value {
    case .column(let column): column.shape.axes
    case .constant(let constant): constant.dimensions
    }
  }

  /// Matches the axes of two values, or of three.
  private mutating func paired(
    _ left: PipelineValue, _ right: PipelineValue, _ node: OnnxNode,
    with third: PipelineValue? = nil
  ) throws(PipelineObstacle) -> PairedOperands {
    let kind = kind(of: left)
    guard kind == self.kind(of: right) else {
      throw .corrupt("'\(node.operatorName)' of \(kind)s and \(self.kind(of: right))s")
    }
    var axes = try Broadcast.axes(axes(of: left), axes(of: right))
    if let third { axes = try Broadcast.axes(axes, self.axes(of: third)) }
    guard let shape = ColumnShape(axes: axes) else {
      throw .notComputed("'\(node.operatorName)' of constants")
    }
    // Asks for the room before anything of that size is made.
    try builder.checkRoom(for: shape, kind)
    let places = PairedPlaces(
      left: try operand(left, in: shape), right: try operand(right, in: shape),
      width: shape.width)
    return PairedOperands(kind: kind, shape: shape, places: places)
  }

  /// Where a value's elements are found for a result of that shape, which it matches.
  private mutating func operand(
    _ value: PipelineValue, in shape: ColumnShape
  ) throws(PipelineObstacle) -> Operand {
    switch value {
    case .constant(let constant):
      return Operand(place: try place(of: constant, in: shape), rowStride: 0, sources: [])
    case .column(let column):
      let isSame = column.shape.rowLengths == shape.rowLengths
      return Operand(
        place: column.place, rowStride: column.shape.width,
        sources: isSame ? [] : Broadcast.sources(of: column.shape.axes, in: shape))
    }
  }

  /// The place of a constant's elements, repeated so that there is one for each of the shape's.
  mutating func place(
    of constant: Constant, in shape: ColumnShape
  ) throws(PipelineObstacle) -> Int {
    let axes = try Broadcast.axes(constant.dimensions, shape.axes)
    guard axes == shape.axes else { throw .notComputed("constants larger than what they go with") }
    return try builder.place(
      constant.elements, picks: Broadcast.sources(of: constant.dimensions, in: shape))
  }
}
