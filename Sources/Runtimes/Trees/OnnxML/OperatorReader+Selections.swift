/// Operators that choose elements of rows, or join and reduce them.
extension OperatorReader {
  mutating func readConcat(_ node: OnnxNode) throws(PipelineObstacle) {
    guard let axis = try node.integer("axis") else { throw .corrupt("'Concat' without an axis") }
    var values: [PipelineValue] = []
    for place in node.inputs.indices { values.append(try value(node, place)) }
    try join(values, along: axis, node)
  }

  mutating func join(
    _ values: [PipelineValue], along axis: Int64, _ node: OnnxNode
  ) throws(PipelineObstacle) {
    var columns: [Column] = []
    for value in values {
      guard case .column(let column) = value else { throw .notComputed("'Concat' of constants") }
      columns.append(column)
    }
    guard let first = columns.first, let place = first.shape.rowPlace(ofAxis: axis) else {
      throw .notComputed("'Concat' along the rows")
    }
    var shape = first.shape
    shape.rowLengths[place] = 0
    for column in columns {
      var other = column.shape
      guard other.rowLengths.count == shape.rowLengths.count else {
        throw .corrupt("'Concat' of different shapes")
      }
      shape.rowLengths[place] += other.rowLengths[place]
      other.rowLengths[place] = shape.rowLengths[place]
      guard other == shape, column.kind == first.kind else {
        throw .corrupt("'Concat' of different shapes or kinds")
      }
    }
    try addJoin(columns, place: place, result: try output(node, first.kind, shape))
  }

  private mutating func addJoin(
    _ columns: [Column], place: Int, result: Column
  ) throws(PipelineObstacle) {
    let size = result.kind.byteCount
    let (outer, length, inner) = result.shape.split(at: place)
    var parts: [JoinStep.Part] = []
    var offset = 0
    for column in columns {
      let runByteCount = column.shape.rowLengths[place] * inner * size
      parts.append(
        JoinStep.Part(
          place: column.place, rowByteStride: column.shape.width * size,
          runByteCount: runByteCount, offset: offset))
      offset += runByteCount
    }
    builder.add(
      JoinStep(
        parts: parts, runCount: outer, runByteStride: length * inner * size,
        result: result.place))
  }

  mutating func readArrayFeatureExtractor(_ node: OnnxNode) throws(PipelineObstacle) {
    switch (try value(node, 0), try value(node, 1)) {
    case (.column(let column), .constant(let constant)):
      guard case .integers(let indices) = constant.elements, !column.shape.rowLengths.isEmpty,
        column.shape.rowAxis < column.shape.rank - 1
      else { throw .notComputed("'ArrayFeatureExtractor' of such values") }
      try pick(column, indices, at: column.shape.rowLengths.count - 1, node)
    case (.constant(let constant), .column(let indices)):
      guard constant.dimensions.count == 1 || constant.dimensions.dropLast() == [1],
        indices.shape.width == 1
      else { throw .notComputed("'ArrayFeatureExtractor' of such values") }
      try lookUp(constant, indices, as: ColumnShape([1], rowAxis: 1), node)
    default: throw .notComputed("'ArrayFeatureExtractor' of such values")
    }
  }

  mutating func readGather(_ node: OnnxNode) throws(PipelineObstacle) {
    let axis = try node.integer("axis") ?? 0
    switch (try value(node, 0), try value(node, 1)) {
    case (.column(let column), .constant(let constant)):
      guard let place = column.shape.rowPlace(ofAxis: axis),
        case .integers(let indices) = constant.elements, constant.dimensions.count == 1
      else { throw .notComputed("'Gather' of such values") }
      let length = Int64(column.shape.rowLengths[place])
      try pick(column, indices.map { $0 < 0 ? $0 &+ length : $0 }, at: place, node)
    case (.constant(let constant), .column(let indices)):
      guard constant.dimensions.count == 1, axis == 0 || axis == -1 else {
        throw .notComputed("'Gather' of such values")
      }
      try lookUp(constant, indices, as: indices.shape, node)
    default: throw .notComputed("'Gather' of such values")
    }
  }

  mutating func readSlice(_ node: OnnxNode) throws(PipelineObstacle) {
    let column = try column(node, 0)
    let isEarly = operatorSet < 10
    let starts = isEarly ? try node.integers("starts") : try integers(node, 1) ?? []
    let ends = isEarly ? try node.integers("ends") : try integers(node, 2) ?? []
    let axes = isEarly ? try self.axes(node) : try integers(node, 3)
    let steps = isEarly ? nil : try integers(node, 4)
    guard starts.count == 1, ends.count == 1, steps ?? [1] == [1], let axes, axes.count == 1,
      let place = column.shape.rowPlace(ofAxis: axes[0])
    else { throw .notComputed("'Slice' of such values") }
    let length = Int64(column.shape.rowLengths[place])
    func bounded(_ index: Int64) -> Int64 {
      min(max(index < 0 ? index &+ length : index, 0), length)
    }
    let (start, end) = (bounded(starts[0]), bounded(ends[0]))
    try pick(column, Array(start..<max(start, end)), at: place, node)
  }

  /// Elements of one axis, chosen by their numbers.
  private mutating func pick(
    _ column: Column, _ indices: [Int64], at place: Int, _ node: OnnxNode
  ) throws(PipelineObstacle) {
    let (outer, length, inner) = column.shape.split(at: place)
    guard indices.allSatisfy({ $0 >= 0 && $0 < length }) else {
      throw .corrupt("'\(node.operatorName)' chooses an element that is not there")
    }
    var shape = column.shape
    shape.rowLengths[place] = indices.count
    let result = try output(node, column.kind, shape).place
    let picks = (0..<outer).flatMap { outer in
      indices.flatMap { index in
        (0..<inner).map { (outer * length + Int(index)) * inner + $0 }
      }
    }
    let (source, width) = (column.place, column.shape.width)
    switch column.kind.byteCount {
    case 1:
      builder.add(
        PickStep<UInt8>(source: source, sourceWidth: width, picks: picks, result: result))
    case 4:
      builder.add(
        PickStep<UInt32>(source: source, sourceWidth: width, picks: picks, result: result))
    case 8:
      builder.add(
        PickStep<UInt64>(source: source, sourceWidth: width, picks: picks, result: result))
    default:
      builder.add(
        PickStep<TextSlot>(source: source, sourceWidth: width, picks: picks, result: result))
    }
  }

  /// Elements of a constant, chosen row by row.
  private mutating func lookUp(
    _ constant: Constant, _ indices: Column, as shape: ColumnShape, _ node: OnnxNode
  ) throws(PipelineObstacle) {
    let count = constant.elements.count
    guard count > 0, indices.kind == .int64 else {
      throw .notComputed("'\(node.operatorName)' by \(indices.kind)s")
    }
    let kind = constant.elements.kind
    let place = builder.constants.add(constant.elements, picks: Array(0..<count))
    let result = try output(node, kind, shape).place
    let (from, width) = (indices.place, indices.shape.width)
    switch kind.byteCount {
    case 1:
      builder.add(
        LookupStep<UInt8>(
          constant: place, constantCount: count, indices: from, width: width, result: result))
    case 4:
      builder.add(
        LookupStep<UInt32>(
          constant: place, constantCount: count, indices: from, width: width, result: result))
    case 8:
      builder.add(
        LookupStep<UInt64>(
          constant: place, constantCount: count, indices: from, width: width, result: result))
    default:
      builder.add(
        LookupStep<TextSlot>(
          constant: place, constantCount: count, indices: from, width: width, result: result))
    }
  }
}

// MARK: - Reductions

extension OperatorReader {
  mutating func readReduction(
    _ reduction: Reduction, _ node: OnnxNode
  ) throws(PipelineObstacle) {
    let column = try column(node, 0)
    guard let axes = try axes(node), !axes.isEmpty else {
      throw .notComputed("'\(node.operatorName)' of everything")
    }
    let places = Set(try rowPlaces(of: axes, in: column.shape, node))
    let keepsAxes = try node.integer("keepdims") ?? 1 != 0
    let (shape, groups) = reduced(column.shape, places, keepsAxes: keepsAxes)
    let (source, width) = (column.place, column.shape.width)
    let result = try output(node, column.kind, shape).place
    switch column.kind {
    case .float:
      builder.add(
        ReductionStep<Float>(
          reduction: reduction, source: source, groups: groups, sourceWidth: width,
          result: result))
    case .double:
      builder.add(
        ReductionStep<Double>(
          reduction: reduction, source: source, groups: groups, sourceWidth: width,
          result: result))
    case let other: throw .notComputed("'\(node.operatorName)' of \(other)s")
    }
  }

  mutating func readExtreme(_ node: OnnxNode) throws(PipelineObstacle) {
    let column = try column(node, 0)
    guard try node.integer("select_last_index") ?? 0 == 0,
      let place = column.shape.rowPlace(ofAxis: try node.integer("axis") ?? 0),
      column.shape.rowLengths[place] > 0
    else { throw .notComputed("'\(node.operatorName)' along the rows") }
    let keepsAxes = try node.integer("keepdims") ?? 1 != 0
    let (shape, groups) = reduced(column.shape, [place], keepsAxes: keepsAxes)
    let (source, width) = (column.place, column.shape.width)
    let result = try output(node, .int64, shape).place
    let findsLargest = node.operatorName == "ArgMax"
    switch column.kind {
    case .float:
      builder.add(
        ExtremeStep<Float>(
          findsLargest: findsLargest, source: source, groups: groups, sourceWidth: width,
          result: result))
    case .double:
      builder.add(
        ExtremeStep<Double>(
          findsLargest: findsLargest, source: source, groups: groups, sourceWidth: width,
          result: result))
    case let other: throw .notComputed("'\(node.operatorName)' of \(other)s")
    }
  }

  /// The shape without these axes, and what each of its elements is made of.
  private func reduced(
    _ shape: ColumnShape, _ places: Set<Int>, keepsAxes: Bool
  ) -> (ColumnShape, [[Int]]) {
    var kept = shape
    for place in places { kept.rowLengths[place] = 1 }
    let targets = Broadcast.sources(of: kept.axes, in: shape)
    var groups = [[Int]](repeating: [], count: kept.width)
    for (element, target) in targets.enumerated() { groups[target].append(element) }
    guard !keepsAxes else { return (kept, groups) }
    for place in places.sorted(by: >) {
      kept.rowLengths.remove(at: place)
      if place < kept.rowAxis { kept.rowAxis -= 1 }
    }
    return (kept, groups)
  }

  /// Over the last axis of a table, which before version 13 is what the others are made into.
  mutating func readSoftmax(_ node: OnnxNode) throws(PipelineObstacle) {
    let column = try table(node, .float, .double)
    let axis = try node.integer("axis") ?? (operatorSet < 13 ? 1 : -1)
    guard axis == 1 || axis == -1 else { throw .notComputed("'Softmax' along the rows") }
    let result = try output(node, column.kind, column.shape).place
    let (source, width) = (column.place, column.shape.width)
    if column.kind == .float {
      builder.add(SoftmaxStep<Float>(source: source, width: width, result: result))
    } else {
      builder.add(SoftmaxStep<Double>(source: source, width: width, result: result))
    }
  }
}
