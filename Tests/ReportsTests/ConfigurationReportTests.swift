import Foundation
import Inference
import ModelStore
import Settings
import Testing
import WireFormats

@testable import Reports

@Suite struct ConfigurationReportTests {
  /// The report on a `config.pbtxt`, with the plan where there is one.
  func report(_ text: String, signature: ModelSignature? = nil) throws -> ConfigurationReport {
    let path = NSTemporaryDirectory() + "apus-report-" + UUID().uuidString
    let folder = "\(path)/m"
    try FileManager.default.createDirectory(
      atPath: "\(folder)/1", withIntermediateDirectories: true)
    // Whether the system's own folder keeps a few bytes does not matter to any test.
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder)/1/model.onnx"))
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/config.pbtxt"))
    let settings = try ServeSettings.resolve(
      flags: [:], environment: [:], file: nil,
      machine: MachineLimits(cores: 2, memoryByteCount: 1 << 30))
    let explanation = try #require(
      try ModelPlans.explanations(folder, settings: settings).first)
    // A configuration that forbids to load has no plan, and that is what is looked at then.
    let plan = try? ModelPlans.find([folder], settings: settings).first
    return ConfigurationReport(explanation, plan: plan, signature: signature)
  }

  static let signature = ModelSignature(
    inputs: [
      TensorDescription(name: "x", datatype: .float32, dimensions: [.any(name: "n"), .fixed(4)])
    ],
    outputs: [
      TensorDescription(name: "y", datatype: .int64, dimensions: [.any(name: "n")])
    ], hasRowAxis: true)

  @Test func `what was read, completed and not obeyed is told with its place`() throws {
    let report = try report(
      """
      dynamic_batching {}
      optimization { cuda { graphs: true } }
      input { name: "x" data_type: TYPE_FP32 dims: 4 }
      """, signature: Self.signature)
    #expect(report.mayLoad)
    let text = report.lines.joined(separator: "\n")
    #expect(text.contains("input[0].dims") && text.contains("config.pbtxt:3"), "\(text)")
    #expect(text.contains("output y") && text.contains("INT64 [-1]"), "\(text)")
    #expect(!text.contains("input x ") && text.contains("most rows of a run"), "\(text)")
    #expect(text.contains("optimization.cuda is not obeyed") && !text.contains("forbids"))
  }

  @Test func `what forbids to load is told, for programs too`() throws {
    let report = try report("batch_output { target_name: \"x\" }\nbackend: \"tensorrt\"")
    #expect(!report.mayLoad && report.lines.contains { $0.contains("forbids to load") })
    #expect(report.json["loads"] == .bool(false))
    guard case .array(let stops)? = report.json["stops"] else {
      Issue.record("no stops")
      return
    }
    #expect(stops.map { $0["line"] } == [.integer(1), .integer(2)])
  }

  @Test func `nothing written is nothing told`() throws {
    #expect(try report("").lines.isEmpty)
  }
}
