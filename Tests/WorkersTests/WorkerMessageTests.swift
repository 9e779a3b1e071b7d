import Inference
import Testing

@testable import Workers

@Suite struct WorkerMessageTests {
  static func read(_ bytes: [UInt8]) throws(MalformedMessage) -> WorkerMessage {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: bytes)
    return try WorkerMessage.read(UnsafeRawBufferPointer(copy))
  }

  /// Outputs of one FP32 tensor [2,3] at 64.
  static func outputs(
    datatype: Datatype = .float32, shape: TensorShape = [2, 3], offset: Int = 64,
    byteCount: Int = 24
  ) -> [UInt8] {
    var writer = MessageWriter()
    writer.begin(MessageKind.FromWorker.outputs.rawValue, request: 7)
    writer.number(UInt32(0))
    writer.number(UInt32(2))
    writer.number(UInt16(1))
    writer.tensor(place: 0, datatype, shape, offset: offset, byteCount: byteCount)
    return writer.bytes
  }

  @Test func `reads outputs as they were written`() throws {
    guard
      case .outputs(let request, let rows, let isLast, let spans) = try Self.read(Self.outputs())
    else {
      Issue.record("no outputs")
      return
    }
    #expect(request == 7)
    #expect(rows == 0..<2)
    #expect(!isLast)
    #expect(spans.map(\.byteCount) == [24])
    #expect(spans.map(\.shape) == [[2, 3]])
  }

  @Test(arguments: Datatype.allCases)
  func `knows every datatype by its code`(datatype: Datatype) throws {
    let size = datatype.elementByteCount ?? 4
    let message = Self.outputs(datatype: datatype, byteCount: 6 * size)
    guard case .outputs(_, _, _, let spans) = try Self.read(message) else {
      Issue.record("no outputs")
      return
    }
    #expect(spans.map(\.datatype) == [datatype])
  }

  @Test func `refuses every message that is cut short or goes on`() {
    let whole = Self.outputs()
    for count in 0..<whole.count {
      #expect(throws: MalformedMessage.self) { try Self.read(Array(whole[..<count])) }
    }
    #expect(throws: MalformedMessage("it goes on after its end")) { try Self.read(whole + [0]) }
  }

  @Test func `refuses tensors whose bytes are not their shape`() {
    for byteCount in [0, 23, 25, Int.max] {
      #expect(throws: MalformedMessage.self) { try Self.read(Self.outputs(byteCount: byteCount)) }
    }
    let huge = TensorShape([Int.max, Int.max])
    #expect(throws: MalformedMessage.self) { try Self.read(Self.outputs(shape: huge ?? [])) }
    #expect(throws: MalformedMessage("a tensor is not aligned")) {
      try Self.read(Self.outputs(offset: 65))
    }
  }

  @Test func `refuses a signature with two inputs of one name, and another version`() {
    var writer = MessageWriter()
    func write(version: UInt16, names: [String]) -> [UInt8] {
      writer.begin(MessageKind.FromWorker.ready.rawValue)
      writer.number(version)
      writer.number(UInt8(1))
      writer.number(UInt16(names.count))
      for name in names {
        writer.text(name)
        for byte: UInt8 in [11, 0, 1] { writer.number(byte) }
        writer.number(Int64(-1))
      }
      for _ in 0..<3 { writer.number(UInt16(0)) }
      return writer.bytes
    }
    #expect(throws: Never.self) { try Self.read(write(version: 2, names: ["x", "y"])) }
    #expect(throws: MalformedMessage.self) { try Self.read(write(version: 2, names: ["x", "x"])) }
    #expect(throws: MalformedMessage.self) { try Self.read(write(version: 3, names: ["x"])) }
  }

  /// A model without ports, with methods of that name, decoupled or not.
  static func ready(methods: [(String, Bool)]) -> [UInt8] {
    var writer = MessageWriter()
    writer.begin(MessageKind.FromWorker.ready.rawValue)
    writer.number(MessageKind.version)
    writer.number(UInt8(1))
    writer.ports([])
    writer.ports([])
    writer.number(UInt16(methods.count))
    for (name, isDecoupled) in methods {
      writer.text(name)
      writer.number(UInt8(1 | (isDecoupled ? 2 : 0)))
      writer.ports([TensorDescription(name: "x", datatype: .bytes, dimensions: [.any(name: nil)])])
      writer.ports([])
      writer.pairs(["description": "what it does"])
    }
    writer.pairs([:])
    return writer.bytes
  }

  @Test func `reads methods with ports of their own`() throws {
    let message = try Self.read(Self.ready(methods: [("price", false), ("area", false)]))
    guard case .ready(let told) = message else {
      Issue.record("it is not ready")
      return
    }
    #expect(told.signature.methods.map(\.name) == ["price", "area"])
    #expect(told.signature.methodNumber(named: "area") == 2)
    #expect(told.signature.ofMethod(2).inputs.map(\.datatype) == [.bytes])
    #expect(told.signature.methods[0].signature.metadata["description"] == "what it does")
  }

  @Test(arguments: [
    [("price", false), ("price", false)], [("", false)], [("price", true)],
  ])
  func `refuses methods that cannot be told apart or do not answer as the model does`(
    methods: [(String, Bool)]
  ) {
    #expect(throws: MalformedMessage.self) { try Self.read(Self.ready(methods: methods)) }
  }

  @Test func `a tensor lies in one of the two regions of its run`() throws {
    var bytes = Self.outputs()
    // Behind the head and the counts: place 2, datatype 1, rank 1.
    let region = 16 + 10 + 4
    bytes[region] = 1
    guard case .outputs(_, _, _, let spans) = try Self.read(bytes) else {
      Issue.record("no outputs")
      return
    }
    #expect(spans.map(\.isInput) == [true])
    bytes[region] = 2
    #expect(throws: MalformedMessage("a run has no region 2")) { try Self.read(bytes) }
  }

  /// What a worker of ours says of a model with these ports.
  private static func ready(
    _ inputs: [TensorDescription], _ outputs: [TensorDescription] = []
  ) -> [UInt8] {
    var writer = MessageWriter()
    writer.begin(MessageKind.FromWorker.ready.rawValue, part: 5, request: 6)
    writer.number(MessageKind.version)
    writer.number(UInt8(1))
    writer.ports(inputs)
    writer.ports(outputs)
    writer.pairs([:])
    writer.pairs([:])
    return writer.bytes
  }

  private static func matrix(
    _ table: FeatureTable?, _ datatype: Datatype = .float64, width: Int = 2
  ) -> TensorDescription {
    TensorDescription(
      name: "x", datatype: datatype, dimensions: [.any(name: nil), .fixed(width)], table: table)
  }

  @Test func `reads all that is said of a port`() throws {
    let inputs = [
      Self.matrix(FeatureTable(names: ["a", "é"], narrowsOthers: true)),
      TensorDescription(
        name: "d", datatype: .bytes, dimensions: [.any(name: nil)], isOptional: true,
        holdsDocuments: true, isSetting: true),
    ]
    let outputs = [
      TensorDescription(name: "y", datatype: .int64, dimensions: [.any(name: nil)]),
      TensorDescription(
        name: "z", datatype: .float32, dimensions: [], isShapeless: true, isOptional: true,
        isOnRequest: true, isCostly: true),
    ]
    guard case .ready(let found) = try Self.read(Self.ready(inputs, outputs)) else {
      Issue.record("not ready")
      return
    }
    #expect(found.signature.inputs == inputs && found.signature.outputs == outputs)
  }

  @Test(arguments: [
    matrix(FeatureTable(names: ["a"])), matrix(FeatureTable(names: ["a", "a"])),
    matrix(FeatureTable(names: nil), .int64), matrix(FeatureTable(names: nil), .bytes),
    TensorDescription(
      name: "x", datatype: .float32, dimensions: [.any(name: nil)], table: FeatureTable(names: nil)),
  ])
  func `refuses a table that is none`(_ port: TensorDescription) {
    #expect(throws: MalformedMessage.self) { try Self.read(Self.ready([port])) }
  }

  @Test func `puts a message of many parts together again`() throws {
    let names = (0..<20_000).map { "column number \($0)" }
    let port = Self.matrix(FeatureTable(names: names), width: names.count)
    let message = Self.ready([port])
    let parts = ContinuedMessage.parts(of: message)
    #expect(parts.count > 4 && parts.allSatisfy { $0.count <= MessageKind.messageBytesMax })
    var continued = ContinuedMessage()
    for part in parts.dropLast() {
      #expect(try part.withUnsafeBytes { try continued.take($0) } == nil)
    }
    #expect(try (parts.last ?? []).withUnsafeBytes { try continued.take($0) } == message)
    let short = Self.outputs()
    #expect(ContinuedMessage.parts(of: short) == [short])
    #expect(try short.withUnsafeBytes { try continued.take($0) } == [])
  }

  @Test func `refuses a message of parts without end`() {
    var part = [UInt8](repeating: 0, count: MessageKind.messageBytesMax)
    part[0] = UInt8(MessageKind.FromWorker.continued.rawValue)
    var continued = ContinuedMessage()
    #expect(throws: MalformedMessage.self) {
      for _ in 0...MessageKind.continuedBytesMax / MessageKind.messageBytesMax + 1 {
        _ = try part.withUnsafeBytes { try continued.take($0) }
      }
    }
    #expect(throws: MalformedMessage.self) { try Self.read(Array(part[..<16])) }
  }

  @Test(arguments: 0..<500)
  func `takes any bytes without harm`(seed: Int) {
    var random = Seeded(state: UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1)
    var bytes = Self.outputs()
    for _ in 0..<4 { bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(random.next() & 255) }
    bytes[0] = UInt8(65 + random.next() % 10)
    bytes[1] = 0
    do throws(MalformedMessage) {
      _ = try Self.read(bytes)
    } catch {
      #expect(!error.reason.isEmpty)
    }
  }
}
