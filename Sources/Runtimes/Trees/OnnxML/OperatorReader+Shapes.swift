/// Operators that change shapes, or choose and join elements.
extension OperatorReader {
  mutating func readConstant(_ node: OnnxNode) throws(PipelineObstacle) {
    let constant: Constant
    if let tensor = try node.tensor("value") {
      constant = try Self.constant(tensor)
    } else if let number = try node.float("value_float") {
      constant = Constant(elements: .floats([number]), dimensions: [])
    } else if let number = try node.integer("value_int") {
      constant = Constant(elements: .integers([number]), dimensions: [])
    } else if node.attributes["value_ints"] != nil {
      let all = try node.integers("value_ints")
      constant = Constant(elements: .integers(all), dimensions: [all.count])
    } else if node.attributes["value_floats"] != nil {
      let all = try node.floats("value_floats")
      constant = Constant(elements: .floats(all), dimensions: [all.count])
    } else {
      throw .notComputed("a constant of another kind")
    }
    try set(.constant(constant), node)
  }

  /// The shape of a column, filled with one number: as good as that number where it meets columns of
  /// that shape, but for its own shape.
  mutating func readConstantOfShape(_ node: OnnxNode) throws(PipelineObstacle) {
    guard let name = node.inputs.first,
      let shape = file.nodes.first(where: { $0.outputs.contains(name) }),
      shape.operatorName == "Shape", shape.domain.isEmpty, shape.attributes.isEmpty
    else { throw .notComputed("'ConstantOfShape' of anything but a value's shape") }
    let column = try column(shape, 0)
    let fill = try node.tensor("value")?.elements() ?? .floats([0])
    guard fill.count == 1, fill.kind != .string else {
      throw .corrupt("'ConstantOfShape' with \(fill.count) values")
    }
    let result = try output(node, fill.kind, column.shape)
    let filled = try builder.place(
      fill, picks: [Int](repeating: 0, count: column.shape.width))
    let byteCount = fill.kind.byteCount * column.shape.width
    builder.add(
      JoinStep(
        parts: [
          .init(place: filled, rowByteStride: 0, runByteCount: byteCount, offset: 0)
        ], runCount: 1, runByteStride: byteCount, result: result.place))
  }

  mutating func readReshape(_ node: OnnxNode) throws(PipelineObstacle) {
    guard let target = try integers(node, 1) else { throw .corrupt("'Reshape' to no shape") }
    guard case .column(let column) = try value(node, 0) else {
      throw .notComputed("'Reshape' of a constant")
    }
    let keepsZeros = try node.integer("allowzero") ?? 0 == 0
    let shape = try reshaped(column.shape, to: target, keepsZeros: keepsZeros)
    try set(column, as: shape, node)
  }

  /// One axis must be left open, or copied from the rows' own, and so is the rows'.
  private func reshaped(
    _ shape: ColumnShape, to target: [Int64], keepsZeros: Bool
  ) throws(PipelineObstacle) -> ColumnShape {
    var axes: [Int?] = []
    var isRowsGiven = false
    for (place, length) in target.enumerated() {
      if length == 0 && keepsZeros && place == shape.rowAxis {
        axes.append(nil)
        isRowsGiven = true
      } else if length == 0 && keepsZeros, let own = shape.rowPlace(ofAxis: Int64(place)) {
        axes.append(shape.rowLengths[own])
      } else if let length = Int(exactly: length), length == -1 || length > 0 {
        axes.append(length)
      } else {
        throw .notComputed("'Reshape' to length \(length)")
      }
    }
    // What is left open beside the rows is the rest of a row; alone it is the rows' axis.
    if let open = axes.firstIndex(of: -1) {
      axes[open] = isRowsGiven ? shape.width / max(Self.product(axes), 1) : nil
    }
    guard let result = ColumnShape(axes: axes), Self.product(axes) == shape.width,
      shape.isInOrder, result.isInOrder
    else { throw .notComputed("'Reshape' across rows") }
    return result
  }

  /// Of the lengths that are known, without -1; beyond every bound where it is too large.
  private static func product(_ axes: [Int?]) -> Int {
    var product = 1
    for case let length? in axes where length >= 0 {
      let (next, overflow) = product.multipliedReportingOverflow(by: length)
      product = overflow ? .max : next
    }
    return product
  }

  mutating func readFlatten(_ node: OnnxNode) throws(PipelineObstacle) {
    let column = try column(node, 0)
    guard try node.integer("axis") ?? 1 == 1, column.shape.rowAxis == 0 else {
      throw .notComputed("'Flatten' across rows")
    }
    try set(column, as: ColumnShape([column.shape.width]), node)
  }

  mutating func readSqueeze(_ node: OnnxNode) throws(PipelineObstacle) {
    let column = try column(node, 0)
    var shape = column.shape
    guard let axes = try axes(node) else {
      throw .notComputed("'Squeeze' of every axis of length 1")
    }
    let places = try rowPlaces(of: axes, in: shape, node)
    guard places.allSatisfy({ shape.rowLengths[$0] == 1 }) else {
      throw .corrupt("'Squeeze' of an axis that is longer than 1")
    }
    for place in Set(places).sorted(by: >) {
      shape.rowLengths.remove(at: place)
      if place < shape.rowAxis { shape.rowAxis -= 1 }
    }
    try set(column, as: shape, node)
  }

  mutating func readUnsqueeze(_ node: OnnxNode) throws(PipelineObstacle) {
    let column = try column(node, 0)
    guard let added = try axes(node) else { throw .corrupt("'Unsqueeze' without axes") }
    let rank = Int64(column.shape.rank + added.count)
    var axes = column.shape.axes
    for axis in Set(added.map { $0 < 0 ? $0 + rank : $0 }).sorted() {
      guard axis >= 0, axis <= axes.count else { throw .corrupt("'Unsqueeze' beyond the shape") }
      axes.insert(1, at: Int(axis))
    }
    guard let shape = ColumnShape(axes: axes) else { throw .corrupt("'Unsqueeze' without rows") }
    try set(column, as: shape, node)
  }

  mutating func readTranspose(_ node: OnnxNode) throws(PipelineObstacle) {
    let column = try column(node, 0)
    let order = try node.integers("perm")
    let axes = column.shape.axes
    guard Set(order).count == axes.count, order.allSatisfy({ $0 >= 0 && $0 < axes.count }) else {
      throw .notComputed("'Transpose' without an order")
    }
    // A row's elements lie as its own axes follow each other; only the rows' axis may move.
    let own = order.map { Int($0) }.filter { $0 != column.shape.rowAxis }
    guard own == own.sorted(), let shape = ColumnShape(axes: order.map { axes[Int($0)] }) else {
      throw .notComputed("'Transpose' within rows")
    }
    try set(column, as: shape, node)
  }

  /// The axes of a node, an attribute in early versions and an input in later ones.
  func axes(_ node: OnnxNode) throws(PipelineObstacle) -> [Int64]? {
    if node.attributes["axes"] != nil { return try node.integers("axes") }
    return try integers(node, 1)
  }

  func rowPlaces(
    of axes: [Int64], in shape: ColumnShape, _ node: OnnxNode
  ) throws(PipelineObstacle) -> [Int] {
    var places: [Int] = []
    for axis in axes {
      guard let place = shape.rowPlace(ofAxis: axis) else {
        throw .notComputed("'\(node.operatorName)' along the rows")
      }
      places.append(place)
    }
    return places
  }
}
