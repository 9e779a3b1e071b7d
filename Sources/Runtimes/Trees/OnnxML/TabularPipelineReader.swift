package import Inference

/// Reads ONNX files of scikit-learn, XGBoost and LightGBM exports into pipelines.
package enum TabularPipelineReader {
  /// The pipeline that an ONNX file describes, or `nil` where the file may be good but asks for more
  /// than is computed here, so that ONNX Runtime should serve it; throws where it is broken.
  ///
  /// What it takes of memory is bounded by the file's size and some megabytes.
  ///
  /// - Parameters:
  ///   - bytes: the file, which need not stay when the pipeline is read.
  ///   - name: how the file is named to people.
  package static func read(
    bytes: UnsafeRawBufferPointer, name: String
  ) throws(RuntimeFault) -> TabularPipeline? {
    do throws(PipelineObstacle) {
      let file = try OnnxFile(bytes)
      var reader = OperatorReader(file)
      let inputs = try reader.readInputs()
      try reader.readNodes()
      let outputs = try reader.readOutputs()
      return TabularPipeline(
        builder: reader.builder, inputs: inputs, outputs: outputs.ports,
        metadata: outputs.metadata.merging(file.metadata) { _, own in own })
    } catch {
      switch error {
      case .notComputed: return nil
      case .corrupt(let words):
        throw RuntimeFault(code: .invalidModel, message: "\(name) cannot be read: \(words)")
      }
    }
  }
}

/// An input or output of a pipeline, and the column that holds it.
struct TabularPort: Sendable {
  let description: TensorDescription
  let column: Column
  /// Bytes of a row.
  let rowByteCount: Int
  private let emptyShape: TensorShape

  init(description: TensorDescription, column: Column) {
    self.description = description
    self.column = column
    rowByteCount = column.shape.width * column.kind.byteCount
    emptyShape = TensorShape(column.shape.axes.map { $0 ?? 0 }) ?? []
  }

  /// The shape of so many rows.
  func shape(rowCount: Int) -> TensorShape {
    var shape = emptyShape
    shape[column.shape.rowAxis] = rowCount
    return shape
  }
}

// MARK: - Inputs and outputs

extension OperatorReader {
  /// Inputs that are not initializers, which early files list among them.
  mutating func readInputs() throws(PipelineObstacle) -> [TabularPort] {
    var ports: [TabularPort] = []
    for input in file.inputs where file.initializers[input.name] == nil {
      guard case .tensor(let type, let axes) = input.kind, let axes, !axes.isEmpty,
        let kind = ElementKind(rawValue: type), axes.count <= TensorShape.rankMax
      else { throw .notComputed("input '\(input.name)'") }
      var lengths: [Int] = []
      for axis in axes.dropFirst() {
        guard case .length(let length) = axis, let length = Int(exactly: length), length > 0 else {
          throw .notComputed("input '\(input.name)' of open width")
        }
        lengths.append(length)
      }
      guard builder.values[input.name] == nil else {
        throw .corrupt("two inputs are called '\(input.name)'")
      }
      let column = try builder.column(kind, ColumnShape(lengths))
      builder.values[input.name] = .column(column)
      ports.append(
        TabularPort(description: Self.description(input.name, column, axes), column: column))
    }
    guard !ports.isEmpty else { throw .notComputed("graphs without inputs") }
    return ports
  }

  mutating func readOutputs() throws(PipelineObstacle) -> (
    ports: [TabularPort], metadata: [String: String]
  ) {
    var ports: [TabularPort] = []
    var metadata: [String: String] = [:]
    for output in file.outputs {
      switch output.kind {
      case .tensor(let type, let axes): ports.append(try tensorPort(output.name, type, axes))
      case .mapSequence:
        let (port, keys) = try mapPort(output.name)
        ports.append(port)
        metadata["\(output.name).keys"] = keys
      case .other: throw .notComputed("output '\(output.name)'")
      }
    }
    guard !ports.isEmpty else { throw .corrupt("the graph has no output") }
    return (ports, metadata)
  }

  private func tensorPort(
    _ name: String, _ type: Int64, _ axes: [OnnxPort.Axis]?
  ) throws(PipelineObstacle) -> TabularPort {
    guard case .column(let column) = try value(named: name), column.kind.rawValue == type,
      column.shape.isInOrder, column.shape.rank <= TensorShape.rankMax
    else { throw .notComputed("output '\(name)'") }
    guard let axes, axes.count <= TensorShape.rankMax else {
      throw .notComputed("output '\(name)' of open rank")
    }
    return TabularPort(description: Self.description(name, column, axes), column: column)
  }

  private static func description(
    _ name: String, _ column: Column, _ axes: [OnnxPort.Axis]
  ) -> TensorDescription {
    let dimensions = axes.map { axis -> Dimension in
      switch axis {
      case .length(let length): length < 0 ? .any(name: nil) : .fixed(Int(length))
      case .symbol(let name): .any(name: name)
      case .open: .any(name: nil)
      }
    }
    return TensorDescription(
      name: name, datatype: column.kind.datatype, dimensions: dimensions)
  }

  /// What `ZipMap` gives: a row's scores in ascending order of their keys, and the keys as JSON.
  private mutating func mapPort(
    _ name: String
  ) throws(PipelineObstacle) -> (TabularPort, keys: String) {
    guard let node = file.nodes.first(where: { $0.outputs.contains(name) }),
      node.operatorName == "ZipMap", node.domain == Self.learningDomain
    else { throw .notComputed("output '\(name)'") }
    let scores = try table(node, .float)
    let keys = try MapKeys(
      numbers: try node.integers("classlabels_int64s"),
      texts: try node.texts("classlabels_strings"))
    guard keys.order.count == scores.shape.width else {
      throw .corrupt("'ZipMap' has \(keys.order.count) keys for \(scores.shape.width) scores")
    }
    let sorted = try builder.column(.float, scores.shape)
    builder.add(
      PickStep<UInt32>(
        source: scores.place, sourceWidth: scores.shape.width, picks: keys.order,
        result: sorted.place))
    let description = TensorDescription(
      name: name, datatype: .float32, dimensions: [.any(name: nil), .any(name: nil)])
    return (TabularPort(description: description, column: sorted), keys.json)
  }
}

extension ElementKind {
  var datatype: Datatype {
    switch self {
    case .float: .float32
    case .double: .float64
    case .int64: .int64
    case .int32: .int32
    case .bool: .bool
    case .string: .bytes
    }
  }
}
