import Inference
import Testing

@testable import WireFormats

@Suite struct FailureTableTests {
  @Test(arguments: FailureExamples.all)
  func `every failure has a client's or a server's status and a sentence`(
    _ failure: InferenceFailure
  ) {
    #expect((400...504).contains(OpenInferenceFailures.statusCode(for: failure)))
    #expect(FailureMessage.text(for: failure).count > 10)
  }

  @Test func `no failure is shown twice`() {
    let names = FailureExamples.all.map(FailureExamples.name)
    #expect(Set(names).count == names.count)
  }

  @Test(
    arguments: [
      (.modelNotFound(ModelAddress(name: "m"), known: []), 404),
      (.modelNotReady(name: "m", state: .loading), 503),
      (.invalidInput(.missingInput("x")), 400),
      (.invalidInput(.image(.tooManyPixels(width: 1, height: 1, pixelsMax: 0))), 413),
      (.tooLarge(.body(bytesMax: 1)), 413), (.tooLarge(.header(bytesMax: 1)), 431),
      (.unauthenticated, 401), (.forbidden(.managementFromAfar), 403),
      (.overloaded(limit: .waitingRequests(1), retryAfter: .seconds(1)), 429),
      (.overloaded(limit: .connections(1), retryAfter: .seconds(1)), 503),
      (.clientTooSlow(.moving(bytesPerSecondMin: 1)), 408), (.unsupported(.other("x")), 501),
      (.unsupported(.path("/")), 404), (.unsupported(.method("PUT", allowed: [])), 405),
      (.unsupported(.contentType("x")), 415), (.deadlineExceeded(.zero), 504), (.cancelled, 499),
      (.draining, 503), (.runtimeFailed(RuntimeFault(code: .failed, message: "")), 500),
      (.internalFault(FaultID("f")), 500),
    ] as [(InferenceFailure, Int)])
  func `statuses are those that clients of Triton expect`(
    _ failure: InferenceFailure, _ status: Int
  ) {
    #expect(OpenInferenceFailures.statusCode(for: failure) == status)
  }

  @Test func `a wait is told in whole seconds, at least one`() {
    let seconds = { (wait: Duration) in
      OpenInferenceFailures.retryAfterSeconds(for: .quotaExceeded(retryAfter: wait))
    }
    #expect(seconds(.milliseconds(1)) == 1)
    #expect(seconds(.milliseconds(1_500)) == 2)
    #expect(seconds(.seconds(3)) == 3)
    #expect(OpenInferenceFailures.retryAfterSeconds(for: .cancelled) == nil)
  }

  @Test func `the page has a row for every failure`() {
    let rows = FailureTables.markdown().split(separator: "\n").filter { $0.hasPrefix("| ") }
    #expect(rows.count == FailureExamples.all.count + 1)
    #expect(rows.contains { $0.contains("| invalidInput.wrongShape | 400 |") })
  }

  @Test func `messages tell nothing of the machine and cut what is long`() {
    let fault = RuntimeFault(
      code: .failed, message: "node /opt/lib/x.so failed at 0x7f00 in session.cc:12 badly")
    #expect(
      FailureMessage.text(for: .runtimeFailed(fault)) == "the model failed: node failed at in badly"
    )
    let long = String(repeating: "n", count: 5_000)
    let message = FailureMessage.text(
      for: .modelNotFound(ModelAddress(name: long), known: [long, "a\u{1B}[31m"]))
    #expect(message.count < 300)
    #expect(!message.contains("\u{1B}"))
  }
}
