package import Inference

/// What a worker says, read and checked for itself. Whether it may say so now is its link's to judge.
package enum WorkerMessage: Sendable {
  /// The model is loaded.
  case ready(WorkerSignature)
  /// It is not, and will not be.
  case unloadable(RuntimeFault)
  /// Outputs for some rows, in the run's region; with `isLast` the run is done, too.
  case outputs(request: UInt64, rows: Range<Int>, isLast: Bool, [TensorSpan])
  case rowFailed(request: UInt64, row: Int, String)
  case done(request: UInt64)
  case failed(request: UInt64, RuntimeFault)
  /// The run's region is too small for what it has to say.
  case grow(request: UInt64, byteCount: Int)
  case metric(WorkerMetric)
  /// Asks another served model; the inputs lie in the run's region.
  case call(request: UInt64, number: UInt32, model: String, [NamedSpan])

  /// An input of a call.
  package struct NamedSpan: Sendable {
    package let name: String
    package let span: TensorSpan
  }
}

/// A figure that a model gives about itself.
package struct WorkerMetric: Sendable, Equatable {
  package enum Kind: UInt8, Sendable { case counter = 0, gauge = 1 }
  package let name: String
  package let kind: Kind
  package let value: Double
}

/// What a worker says of its model when it is loaded.
package struct WorkerSignature: Sendable {
  package let signature: ModelSignature
  package let isDecoupled: Bool
}

extension WorkerMessage {
  /// Throws where the bytes are not exactly one message; takes any bytes.
  package static func read(
    _ bytes: UnsafeRawBufferPointer
  ) throws(MalformedMessage) -> WorkerMessage {
    var reader = MessageReader(bytes)
    let code = try reader.number(UInt16.self)
    guard let kind = MessageKind.FromWorker(rawValue: code) else {
      throw MalformedMessage("there is no message \(code)")
    }
    let marks = try reader.number(UInt16.self)
    let part = try reader.number(UInt32.self)
    let request = try reader.number(UInt64.self)
    let message =
      kind == .outputs
      ? try outputs(request, isLast: marks & 1 != 0, &reader)
      : try read(kind, part: part, request: request, &reader)
    try reader.end()
    return message
  }

  private static func read(
    _ kind: MessageKind.FromWorker, part: UInt32, request: UInt64, _ reader: inout MessageReader
  ) throws(MalformedMessage) -> WorkerMessage {
    switch kind {
    case .ready: return .ready(try signature(&reader))
    case .unloadable: return .unloadable(try fault(part, &reader, .invalidModel))
    case .outputs: return try outputs(request, isLast: false, &reader)
    case .rowFailed: return .rowFailed(request: request, row: Int(part), try reader.text())
    case .done: return .done(request: request)
    case .failed: return .failed(request: request, try fault(part, &reader, .failed))
    case .grow: return .grow(request: request, byteCount: try reader.length())
    case .metric: return .metric(try metric(&reader))
    case .continued: throw MalformedMessage("a message ends in its middle")
    case .call:
      let model = try reader.text()
      return .call(
        request: request, number: part, model: model, try namedTensors(&reader))
    }
  }

  private static func outputs(
    _ request: UInt64, isLast: Bool, _ reader: inout MessageReader
  ) throws(MalformedMessage) -> WorkerMessage {
    let first = Int(try reader.number(UInt32.self))
    let count = Int(try reader.number(UInt32.self))
    return .outputs(
      request: request, rows: first..<first + count, isLast: isLast, try tensors(&reader))
  }

  private static func tensors(
    _ reader: inout MessageReader
  ) throws(MalformedMessage) -> [TensorSpan] {
    let count = Int(try reader.number(UInt16.self))
    var spans: [TensorSpan] = []
    for _ in 0..<count { spans.append(try reader.tensor()) }
    return spans
  }

  private static func namedTensors(
    _ reader: inout MessageReader
  ) throws(MalformedMessage) -> [NamedSpan] {
    let count = Int(try reader.number(UInt16.self))
    var spans: [NamedSpan] = []
    for _ in 0..<count {
      let name = try reader.text()
      spans.append(NamedSpan(name: name, span: try reader.tensor()))
    }
    return spans
  }

  private static func fault(
    _ code: UInt32, _ reader: inout MessageReader, _ usual: RuntimeFault.Code
  ) throws(MalformedMessage) -> RuntimeFault {
    let codes = [usual] + RuntimeFault.Code.onChannel
    guard code < codes.count else { throw MalformedMessage("there is no failure \(code)") }
    return RuntimeFault(code: codes[Int(code)], message: try reader.text())
  }

  private static func metric(
    _ reader: inout MessageReader
  ) throws(MalformedMessage) -> WorkerMetric {
    let code = try reader.number(UInt8.self)
    guard let kind = WorkerMetric.Kind(rawValue: code) else {
      throw MalformedMessage("there is no kind of metric \(code)")
    }
    let value = try reader.number(Double.self)
    return WorkerMetric(name: try reader.text(), kind: kind, value: value)
  }

  // MARK: The signature

  private static func signature(
    _ reader: inout MessageReader
  ) throws(MalformedMessage) -> WorkerSignature {
    let version = try reader.number(UInt16.self)
    guard version == MessageKind.version else {
      throw MalformedMessage(
        "the worker speaks version \(version) of the channel, and \(MessageKind.version) is spoken here"
      )
    }
    let marks = try reader.number(UInt8.self)
    let inputs = try ports(&reader)
    let outputs = try ports(&reader)
    let methods = try methods(&reader, isDecoupled: marks & 2 != 0)
    let metadata = try pairs(&reader)
    return WorkerSignature(
      signature: ModelSignature(
        inputs: inputs, outputs: outputs, hasRowAxis: marks & 1 != 0, metadata: metadata,
        methods: methods),
      isDecoupled: marks & 2 != 0)
  }

  /// - Parameter isDecoupled: the model answers in parts, as all of its methods then must.
  private static func methods(
    _ reader: inout MessageReader, isDecoupled: Bool
  ) throws(MalformedMessage) -> [ModelMethod] {
    let count = Int(try reader.number(UInt16.self))
    var methods: [ModelMethod] = []
    for _ in 0..<count {
      let name = try reader.text()
      let marks = try reader.number(UInt8.self)
      let inputs = try ports(&reader)
      let outputs = try ports(&reader)
      let metadata = try pairs(&reader)
      guard !name.isEmpty, !methods.contains(where: { $0.name == name }) else {
        throw MalformedMessage(
          "two methods are named \(PublicText.quoted(name)), or one is not")
      }
      guard (marks & 2 != 0) == isDecoupled else {
        throw MalformedMessage(
          "method \(PublicText.quoted(name)) does not answer as the model does, in one part or in any"
        )
      }
      let signature = ModelSignature(
        inputs: inputs, outputs: outputs, hasRowAxis: marks & 1 != 0, metadata: metadata)
      methods.append(ModelMethod(name: name, signature: signature))
    }
    return methods
  }

  private static func ports(
    _ reader: inout MessageReader
  ) throws(MalformedMessage) -> [TensorDescription] {
    let count = Int(try reader.number(UInt16.self))
    var ports: [TensorDescription] = []
    for _ in 0..<count {
      let port = try port(&reader)
      guard !port.name.isEmpty, !ports.contains(where: { $0.name == port.name }) else {
        throw MalformedMessage(
          "two tensors are named \(PublicText.quoted(port.name)), or one is not")
      }
      ports.append(port)
    }
    return ports
  }

  private static func port(
    _ reader: inout MessageReader
  ) throws(MalformedMessage) -> TensorDescription {
    let name = try reader.text()
    let datatype = try reader.datatype()
    let marks = PortMarks(rawValue: try reader.number(UInt8.self))
    let rank = Int(try reader.number(UInt8.self))
    guard rank <= TensorShape.rankMax else { throw MalformedMessage("a rank is too high") }
    var dimensions: [Dimension] = []
    for _ in 0..<rank {
      let length = try reader.number(Int64.self)
      guard length >= -1 else { throw MalformedMessage("a length is below -1") }
      dimensions.append(length < 0 ? .any(name: nil) : .fixed(Int(length)))
    }
    let table = marks.contains(.table) ? try table(datatype, dimensions, &reader) : nil
    return TensorDescription(
      name: name, datatype: datatype, dimensions: dimensions,
      isShapeless: marks.contains(.anyRank), isOptional: marks.contains(.optional), table: table,
      isOnRequest: marks.contains(.onRequest), isCostly: marks.contains(.costly),
      holdsDocuments: marks.contains(.documents) && datatype == .bytes,
      isSetting: marks.contains(.setting) && marks.contains(.optional))
  }

  /// What columns of a tabular model's input are; others than those would be relied on in vain.
  private static func table(
    _ datatype: Datatype, _ dimensions: [Dimension], _ reader: inout MessageReader
  ) throws(MalformedMessage) -> FeatureTable {
    let narrows = try reader.number(UInt8.self) != 0
    let count = Int(try reader.number(UInt32.self))
    var names: [String] = []
    for _ in 0..<count { names.append(try reader.text()) }
    guard dimensions.count == 2, datatype == .float32 || datatype == .float64 else {
      throw MalformedMessage("a table is no matrix of FP32 or FP64")
    }
    if case .fixed(let width) = dimensions[1], count > 0, count != width {
      throw MalformedMessage("a table of \(width) columns has \(count) names")
    }
    guard Set(names).count == count else { throw MalformedMessage("two columns have one name") }
    return FeatureTable(names: names.isEmpty ? nil : names, narrowsOthers: narrows)
  }

  private static func pairs(
    _ reader: inout MessageReader
  ) throws(MalformedMessage) -> [String: String] {
    let count = Int(try reader.number(UInt16.self))
    var pairs: [String: String] = [:]
    for _ in 0..<count {
      let name = try reader.text()
      pairs[name] = try reader.text()
    }
    return pairs
  }
}

/// What is marked of an input or output on the channel.
struct PortMarks: OptionSet {
  let rawValue: UInt8
  static let optional = PortMarks(rawValue: 1)
  static let anyRank = PortMarks(rawValue: 2)
  static let onRequest = PortMarks(rawValue: 4)
  static let costly = PortMarks(rawValue: 8)
  /// What its columns are follows its lengths.
  static let table = PortMarks(rawValue: 16)
  /// Its elements are JSON documents.
  static let documents = PortMarks(rawValue: 32)
  static let setting = PortMarks(rawValue: 64)

  init(rawValue: UInt8) { self.rawValue = rawValue }

  init(_ port: TensorDescription) {
    self = []
    if port.isOptional { insert(.optional) }
    if port.isShapeless { insert(.anyRank) }
    if port.isOnRequest { insert(.onRequest) }
    if port.isCostly { insert(.costly) }
    if port.table != nil { insert(.table) }
    if port.holdsDocuments { insert(.documents) }
    if port.isSetting { insert(.setting) }
  }
}

extension RuntimeFault.Code {
  /// By their numbers on the channel, from 1.
  fileprivate static let onChannel: [RuntimeFault.Code] = [
    .invalidArgument, .invalidModel, .runtimeMissing, .stopped, .outOfMemory, .failed,
  ]

  var numberOnChannel: UInt32 { UInt32((Self.onChannel.firstIndex(of: self) ?? 5) + 1) }
}
