import Inference

/// What tensors are between steps: which fits which, and what follows from what.
enum GraphTypes {
  /// What both say of one tensor, or `nil` where they contradict each other.
  static func common(
    _ left: TensorDescription, _ right: TensorDescription
  ) -> TensorDescription? {
    guard left.datatype == right.datatype else { return nil }
    if left.isShapeless { return right.named(left.name) }
    if right.isShapeless { return left }
    guard left.dimensions.count == right.dimensions.count else { return nil }
    var dimensions: [Dimension] = []
    for (one, other) in zip(left.dimensions, right.dimensions) {
      switch (one, other) {
      case (.fixed(let length), .fixed(let wanted)):
        guard length == wanted else { return nil }
        dimensions.append(one)
      case (.any, _): dimensions.append(other)
      case (_, .any): dimensions.append(one)
      }
    }
    return TensorDescription(
      name: left.name, datatype: left.datatype, dimensions: dimensions)
  }

  /// What either of them may be: where a step may ask one model or another.
  static func either(
    _ left: TensorDescription, _ right: TensorDescription
  ) -> TensorDescription? {
    guard left.datatype == right.datatype else { return nil }
    if left.isShapeless || right.isShapeless || left.dimensions.count != right.dimensions.count {
      return TensorDescription(
        name: left.name, datatype: left.datatype, dimensions: [], isShapeless: true)
    }
    return TensorDescription(
      name: left.name, datatype: left.datatype,
      dimensions: zip(left.dimensions, right.dimensions).map { one, other in
        if case .fixed(let length) = one, case .fixed(length) = other { return one }
        return .any(name: nil)
      })
  }
}

extension TensorDescription {
  func named(_ name: String) -> TensorDescription {
    TensorDescription(
      name: name, datatype: datatype, dimensions: dimensions, isShapeless: isShapeless)
  }

  /// One of its elements along axis 0, with or without that axis; `nil` for a scalar.
  func element(keepingAxis: Bool) -> TensorDescription? {
    if isShapeless { return self }
    guard !dimensions.isEmpty else { return nil }
    let rest = dimensions.dropFirst()
    return TensorDescription(
      name: name, datatype: datatype, dimensions: keepingAxis ? [.fixed(1)] + rest : Array(rest))
  }

  /// Several of these, gathered: along axis 0 where that is kept, else along a new one.
  func gathered(keepingAxis: Bool) -> TensorDescription {
    if isShapeless { return self }
    let rest = keepingAxis ? Array(dimensions.dropFirst()) : dimensions
    return TensorDescription(
      name: name, datatype: datatype, dimensions: [.any(name: nil)] + rest)
  }

  /// `FP32 [1,-1,3]`.
  var typeText: String {
    if isShapeless { return "\(datatype.name) of any shape" }
    return "\(datatype.name) [\(metadataShape.map(String.init).joined(separator: ","))]"
  }

  /// A tensor of no element, in place of one that was left out.
  var empty: Tensor {
    var shape = TensorShape()
    for (axis, dimension) in dimensions.prefix(TensorShape.rankMax).enumerated() {
      _ = shape.append(axis == 0 ? 0 : max(0, dimension.metadataLength))
    }
    if shape.rank == 0 { shape = [0] }
    return Tensor(datatype: datatype, shape: shape, storage: TensorStorage(byteCount: 0))
  }
}
