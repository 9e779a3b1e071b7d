import Inference
import Testing

@testable import Trees

@Suite struct TabularPipelineFileTests {
  static func read(_ bytes: [UInt8]) throws(RuntimeFault) -> TabularPipeline? {
    // Of its own size, so that a step beyond its end is seen where memory is watched.
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: bytes)
    return try TabularPipelineReader.read(bytes: UnsafeRawBufferPointer(copy), name: "a file")
  }

  @Test(arguments: [
    "across-rows", "equal", "later-version", "no-learning", "probit", "smallest-leaf",
    "unknown-operator",
  ])
  func `leaves to ONNX Runtime what it does not compute`(name: String) throws {
    let pipeline = try Self.read(
      OnnxFixture.contents("\(OnnxFixture.folder)/left/\(name).onnx"))
    #expect(pipeline == nil)
  }

  @Test(arguments: ["tree", "table-strict", "boosting", "version-five-float32", "logistic-names"])
  func `a file cut off anywhere is refused with a reason`(name: String) throws {
    let bytes = try OnnxFixture(name).bytes
    let ends = try fieldEnds(bytes)
    for count in 0..<bytes.count {
      do throws(RuntimeFault) {
        _ = try Self.read(Array(bytes[..<count]))
        // Between two fields of the model a file may end and be whole.
        #expect(ends.contains(count), "cut off after \(count) of \(bytes.count) bytes")
      } catch {
        #expect(error.code == .invalidModel)
        #expect(error.message.hasPrefix("a file cannot be read: "))
      }
    }
  }

  /// Where the fields of the model end.
  private func fieldEnds(_ bytes: [UInt8]) throws -> Set<Int> {
    var ends: Set<Int> = []
    try bytes.withUnsafeBytes { all in
      var scanner = ProtobufScanner(all)
      while let (_, value) = try scanner.next() {
        guard case .bytes(let field) = value, let base = all.baseAddress,
          let start = field.baseAddress
        else { continue }
        ends.insert(start - base + field.count)
      }
    }
    return ends
  }

  @Test(arguments: ["tree", "table-strict", "logistic", "version-five-float64"])
  func `a file with any byte changed is read, refused or left alone`(name: String) throws {
    let fixture = try OnnxFixture(name)
    for place in 0..<fixture.bytes.count {
      var bytes = fixture.bytes
      bytes[place] ^= place % 2 == 0 ? 0x01 : 0xff
      do throws(RuntimeFault) {
        guard let pipeline = try Self.read(bytes) else { continue }
        // Whatever it became, it runs; its inputs may be others now, which it then refuses.
        _ = try? answers(pipeline, fixture.inputs)
      } catch {
        #expect(error.code == .invalidModel)
      }
    }
  }

  @Test func `what is no ONNX file is refused`() {
    for bytes: [UInt8] in [[], [0], Array("<html>".utf8), [UInt8](repeating: 0xff, count: 99)] {
      #expect(throws: RuntimeFault.self) { try Self.read(bytes) }
    }
  }

  static let liars: [(String, @Sendable (inout EnsembleFile) -> Void)] = [
    ("leads to node 0", { $0.trueIDs[0] = 0 }),
    ("asks for node 9", { $0.falseIDs[0] = 9 }),
    ("asks for node -1", { $0.falseIDs[0] = -1 }),
    ("two ways lead to node 1", { $0.falseIDs[0] = 1 }),
    ("asks column 4 of 4", { $0.features[0] = 4 }),
    ("asks column -1 of 4", { $0.features[0] = -1 }),
    ("different lengths", { $0.features.removeLast() }),
    ("different lengths", { $0.treeIDs.append(0) }),
    ("an output that is not there", { $0.targets[0] = 1 }),
    ("an output that is not there", { $0.targets[0] = -1 }),
    ("a weight is for tree 7", { $0.weightTrees[0] = 7 }),
    ("have one number", { $0.nodeIDs = [0, 1, 1] }),
    ("unknown mode", { $0.modes[0] = "BRANCH_SIDEWAYS" }),
    ("no targets", { $0.targetCount = -1 }),
  ]

  @Test(arguments: liars.indices)
  func `trees that cannot be walked are refused`(place: Int) throws {
    var file = EnsembleFile()
    Self.liars[place].1(&file)
    let fault = #expect(throws: RuntimeFault.self) { try Self.read(file.bytes) }
    #expect(fault?.message.contains(Self.liars[place].0) == true, "\(fault?.message ?? "")")
  }

  @Test func `the tree of these tests is read as it stands`() throws {
    #expect(try Self.read(EnsembleFile().bytes) != nil)
  }

  @Test func `a small file cannot ask for much memory`() throws {
    var file = EnsembleFile()
    file.targetCount = 1 << 40
    #expect(try Self.read(file.bytes) == nil)
    file = EnsembleFile()
    file.width = 1 << 50
    #expect(try Self.read(file.bytes) == nil)
  }
}

/// A file with one `TreeEnsembleRegressor` of three nodes, to be spoilt.
struct EnsembleFile {
  var treeIDs: [Int64] = [0, 0, 0]
  var nodeIDs: [Int64] = [0, 1, 2]
  var features: [Int64] = [3, 0, 0]
  var modes = ["BRANCH_LEQ", "LEAF", "LEAF"]
  var trueIDs: [Int64] = [1, 0, 0]
  var falseIDs: [Int64] = [2, 0, 0]
  var weightTrees: [Int64] = [0, 0]
  var targets: [Int64] = [0, 0]
  var targetCount: Int64 = 1
  var width: Int64 = 4

  var bytes: [UInt8] {
    let node =
      text(1, "X") + text(2, "Y") + text(4, "TreeEnsembleRegressor") + text(7, "ai.onnx.ml")
      + integers("nodes_treeids", treeIDs) + integers("nodes_nodeids", nodeIDs)
      + integers("nodes_featureids", features) + integers("nodes_truenodeids", trueIDs)
      + integers("nodes_falsenodeids", falseIDs) + floats("nodes_values", [0.5, 0, 0])
      + attribute("nodes_modes", modes.flatMap { text(9, $0) })
      + integers("target_treeids", weightTrees) + integers("target_nodeids", [1, 2])
      + integers("target_ids", targets) + floats("target_weights", [1, 2])
      + attribute("n_targets", varint(3 << 3) + varint(UInt64(bitPattern: targetCount)))
    let graph = field(1, node) + port(11, "X", width) + port(12, "Y", 1)
    return field(7, graph) + field(8, text(1, "ai.onnx.ml") + [2 << 3, 3])
  }

  private func port(_ number: UInt64, _ name: String, _ width: Int64) -> [UInt8] {
    let shape = field(1, text(2, "N")) + field(1, [1 << 3] + varint(UInt64(width)))
    return field(number, text(1, name) + field(2, field(1, [1 << 3, 1] + field(2, shape))))
  }

  private func integers(_ name: String, _ all: [Int64]) -> [UInt8] {
    attribute(name, all.flatMap { [8 << 3] + varint(UInt64(bitPattern: $0)) })
  }

  private func floats(_ name: String, _ all: [Float]) -> [UInt8] {
    let bytes = all.flatMap { number in
      withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }
    }
    return attribute(name, field(7, bytes))
  }

  private func attribute(_ name: String, _ content: [UInt8]) -> [UInt8] {
    field(5, text(1, name) + content)
  }

  private func text(_ number: UInt64, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

  private func field(_ number: UInt64, _ content: [UInt8]) -> [UInt8] {
    varint(number << 3 | 2) + varint(UInt64(content.count)) + content
  }

  private func varint(_ value: UInt64) -> [UInt8] {
    value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7f) | 0x80] + varint(value >> 7)
  }
}
