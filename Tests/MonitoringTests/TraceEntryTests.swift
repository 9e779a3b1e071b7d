import Foundation
import Inference
import Testing

@testable import Monitoring

@Suite struct TraceEntryTests {
  private struct Activity: Decodable {
    struct Stamp: Decodable { let name: String }

    let id: Int
    let timestamps: [Stamp]?
  }

  /// What the instants of a request's trace are called.
  private func names(_ record: RequestRecord) throws -> [String] {
    let bytes =
      [UInt8(ascii: "[")] + TraceEntry(id: 7, .timestamps, record).text() + [UInt8(ascii: "]")]
    let activities = try JSONDecoder().decode([Activity].self, from: Data(bytes))
    #expect(activities.map(\.id) == [7, 7])
    return activities.flatMap { $0.timestamps ?? [] }.map(\.name)
  }

  @Test(arguments: [
    (Dialect.grpc, "POST /inference.GRPCInferenceService/ModelInfer", "GRPC_WAITREAD", "GRPC_SEND"),
    (.openInference, "POST /v2/models/m/infer", "HTTP_RECV", "HTTP_SEND"),
    (.torchServe, "PUT /predictions/m", "HTTP_RECV", "HTTP_SEND"),
  ])
  func `instants are named for the wire`(
    _ dialect: Dialect, _ operation: String, _ read: String, _ sent: String
  ) throws {
    var record = record(dialect: dialect)
    record.operation = operation
    let names = try names(record)
    #expect(names.prefix(2) == ["\(read)_START", "\(read)_END"])
    #expect(names.suffix(2) == ["\(sent)_START", "\(sent)_END"])
  }

  @Test func `an instant that was not is left out`() throws {
    var record = record()
    record.served.started = .never
    let names = try names(record)
    #expect(names.contains("QUEUE_START") && !names.contains("COMPUTE_START"))
  }
}
