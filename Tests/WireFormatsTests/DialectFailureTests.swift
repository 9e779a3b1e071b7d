import Inference
import Testing

@testable import WireFormats

@Suite struct DialectFailureTests {
  @Test(arguments: FailureExamples.all)
  func `every failure has a status and a document in every dialect`(
    _ failure: InferenceFailure
  ) throws {
    for dialect in Dialect.allCases {
      #expect(400...599 ~= DialectFailures.statusCode(for: failure, in: dialect))
      let body = DialectFailures.body(for: failure, in: dialect)
      let document = try body.withUnsafeBytes { bytes in
        Result { () throws(InputProblem) in try JSONValue(parsing: bytes) }
      }.get()
      let key =
        switch dialect {
        case .mlflow, .torchServe: "message"
        default: "error"
        }
      #expect(document[key] == .string(FailureMessage.text(for: failure)))
    }
  }

  @Test func `TorchServe's document repeats the status`() throws {
    let body = DialectFailures.body(for: .draining, in: .torchServe)
    #expect(
      String(decoding: body, as: UTF8.self).hasPrefix(
        #"{"code":503,"type":"ServiceUnavailableException","message":"#))
  }

  @Test func `SageMaker tells its own of memory and of what is loaded already`() {
    let memory = InferenceFailure.runtimeFailed(RuntimeFault(code: .outOfMemory, message: ""))
    #expect(DialectFailures.statusCode(for: memory, in: .sageMaker) == 507)
    #expect(DialectFailures.statusCode(for: .alreadyExists("m"), in: .sageMaker) == 409)
  }

  /// Every status of the Open Inference Protocol that says whose fault it is says the same in KServe.
  @Test(arguments: FailureExamples.all)
  func `KServe's status is the Open Inference Protocol's`(_ failure: InferenceFailure) {
    if case .unsupported(.task) = failure { return }
    #expect(
      DialectFailures.statusCode(for: failure, in: .kserve)
        == OpenInferenceFailures.statusCode(for: failure))
  }
}
