import Foundation
import Inference
import NIOCore
import Serving
import TestSupport
import Testing

@testable import HTTPFront

/// One request of a dialect and what must come back, from a file in `Tests/Protocols`.
struct GoldenCase: Sendable, CustomTestStringConvertible {
  let file: String
  let title: String
  let requestLine: String
  let headers: [String]
  let body: [UInt8]
  let status: Int
  let answerHeaders: [(name: String, value: String)]
  let answerBody: [String]

  var testDescription: String { "\(file): \(title)" }

  /// The request as it goes over the wire.
  var bytes: [UInt8] {
    var lines = ["\(requestLine) HTTP/1.1", "Host: localhost"] + headers
    if !body.isEmpty || requestLine.hasPrefix("P") { lines.append("Content-Length: \(body.count)") }
    return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
  }

  /// What is wrong with an answer; empty where nothing is.
  func problems(of answer: String) -> [String] {
    var problems: [String] = []
    if answer.status != status { problems.append("status \(answer.status), not \(status)") }
    for (name, value) in answerHeaders where answer.header(name) != value {
      problems.append("\(name) is \(answer.header(name) ?? "missing"), not \(value)")
    }
    if let first = answerBody.first, !first.hasPrefix("~ ") {
      let whole = answerBody.joined(separator: "\n")
      if answer.body.trimmingCharacters(in: .newlines) != whole {
        problems.append("body is \(answer.body), not \(whole)")
      }
    }
    for line in answerBody where line.hasPrefix("~ ") && !answer.body.contains(line.dropFirst(2)) {
      problems.append("body \(answer.body) does not contain \(line.dropFirst(2))")
    }
    return problems
  }

  static let all: [GoldenCase] = {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Protocols")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".cases") }.sorted().flatMap { name -> [GoldenCase] in
      let text =
        (try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)) ?? ""
      return text.split(separator: "=== ").compactMap { GoldenCase(file: name, String($0)) }
    }
  }()

  private init?(file: String, _ text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard let mark = lines.firstIndex(where: { $0.hasPrefix("--- ") }) else { return nil }
    self.file = file
    title = lines[0]
    requestLine = lines[1]
    let request = lines[2..<mark]
    let gap = request.firstIndex(of: "") ?? request.endIndex
    headers = Array(request[..<gap])
    let bodyLines = gap < request.endIndex ? Array(request[(gap + 1)...]) : []
    body = Self.bytes(bodyLines)
    status = Int(lines[mark].dropFirst(4)) ?? 0
    let answer = lines[(mark + 1)...]
    let answerGap = answer.firstIndex(of: "") ?? answer.endIndex
    answerHeaders = answer[..<answerGap].compactMap { line in
      line.firstRange(of: ": ").map {
        (String(line[..<$0.lowerBound]), String(line[$0.upperBound...]))
      }
    }
    answerBody = answer[min(answerGap + 1, answer.endIndex)...].filter { !$0.isEmpty }
  }

  private static func bytes(_ lines: [String]) -> [UInt8] {
    if let first = lines.first, first.hasPrefix("% "), let count = Int(first.dropFirst(2)) {
      return [UInt8](repeating: 0x20, count: count)
    }
    guard lines.first?.hasPrefix("# ") == true else {
      return Array(lines.joined(separator: "\n").utf8)
    }
    return lines.flatMap { $0.dropFirst(2).split(separator: " ") }.compactMap {
      UInt8($0, radix: 16)
    }
  }
}

/// The models that the cases ask.
enum GoldenModels {
  static let all: [(name: String, model: FakeModel)] = [
    ("table", model([("x", .float32, [.any(name: nil), .fixed(4)])], ["y"])),
    (
      "pair",
      model(
        [
          ("a", .float32, [.any(name: nil), .fixed(1)]),
          ("b", .bytes, [.any(name: nil), .fixed(1)]),
        ], ["a_out", "b_out"])
    ),
    ("text", model([("words_bytes", .bytes, [.any(name: nil)])], ["echo_bytes"])),
    (
      "named",
      model(
        [("x", .float32, [.any(name: nil), .fixed(2)])], ["y"],
        metadata: ["feature_names": #"["width", "height"]"#])
    ),
    ("score", model([("x", .float32, [.any(name: nil), .fixed(1)])], ["y"])),
  ]

  private static func model(
    _ inputs: [(name: String, datatype: Datatype, dimensions: [Inference.Dimension])],
    _ outputs: [String],
    metadata: [String: String] = [:]
  ) -> FakeModel {
    let described = inputs.map {
      TensorDescription(name: $0.name, datatype: $0.datatype, dimensions: $0.dimensions)
    }
    let answered = zip(outputs, inputs).map {
      TensorDescription(name: $0, datatype: $1.datatype, dimensions: $1.dimensions)
    }
    return FakeModel(
      .identity, isCheap: true,
      signature: ModelSignature(
        inputs: described, outputs: answered, hasRowAxis: true, metadata: metadata))
  }

  static func load(into door: InferenceServer) throws {
    for (name, model) in all {
      try door.load(
        ModelSpecification(
          name: name, source: .file(path: name), loader: FakeLoader { model }))
    }
    try door.setAliases(["stable": 1], of: "table")
  }

  /// What an operator set for the cases.
  static func set(_ settings: inout HTTPFrontSettings) {
    settings.version = "1.2.3"
    settings.defaultModel = "table"
    settings.limits.bodyBytesMax = 1_000
  }
}

@Suite(.timeLimit(.minutes(2))) struct GoldenCases {
  @Test func `there are cases`() { #expect(GoldenCase.all.count > 50) }

  @Test(arguments: GoldenCase.all)
  func `in process`(_ golden: GoldenCase) throws {
    let front = try FrontFixture { GoldenModels.set(&$0) }
    try GoldenModels.load(into: front.door)
    let answer = String(decoding: front.ask(golden.bytes), as: UTF8.self)
    #expect(golden.problems(of: answer) == [])
  }

  @Test func `over sockets, one connection for all of them`() throws {
    var settings = HTTPFrontSettings()
    settings.port = 0
    GoldenModels.set(&settings)
    let observer = RecordingObserver()
    let door = InferenceServer(
      settings: ServingSettings(coreCount: 1), loopCount: 1, observer: observer)
    let echo = FakeModel(isCheap: true)
    try door.load(
      ModelSpecification(name: "echo", source: .file(path: "echo"), loader: FakeLoader { echo }))
    try GoldenModels.load(into: door)
    let server = HTTPServer(
      settings: settings, door: door, observer: observer, pages: OnePage(), metrics: NoMetrics(),
      repository: FakeRepository(door))
    let client = try Client(port: try server.start()[0].port)
    for golden in GoldenCase.all {
      let answer = client.ask(golden.bytes)
      #expect(golden.problems(of: answer) == [], "\(golden.testDescription)")
      if answer.header("Connection") == "close" { break }
    }
    server.stopAccepting()
    _ = server.close(until: MonotonicClock.now().advanced(by: .seconds(10)))
    door.shutDown()
  }
}
