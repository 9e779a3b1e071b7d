import Inference
import TestSupport
import Testing

@testable import Serving

@Suite struct EntranceWaitingTests {
  private func ask(_ behaviour: FakeModel.Behaviour) throws -> WaitedAnswer {
    let server = InferenceServer(
      settings: ServingSettings(coreCount: 1), loopCount: 0, observer: RecordingObserver())
    defer { server.shutDown() }
    let loader = FakeLoader { () throws(RuntimeFault) in FakeModel(behaviour) }
    try server.load(ModelSpecification(name: "m", source: .file(path: "m"), loader: loader))
    let entrance = server.makeEntrance(isEventLoop: false)
    let tensor = Tensor([1, 2] as [Float], datatype: .float32, shape: [2])
    return try entrance.ask(
      TensorRequest(inputs: [tensor]), of: try entrance.lease(ModelAddress(name: "m")))
  }

  @Test func `gives the outputs of all parts`() throws {
    #expect(try ask(.identity).outputs.map { $0.tensor.elements(as: Float.self) } == [[1, 2]])
    #expect(try ask(.repeating(3)).outputs.count == 3)
  }

  @Test func `throws what the model failed with`() {
    let fault = RuntimeFault(code: .failed, message: "no")
    #expect(throws: InferenceFailure.runtimeFailed(fault)) { try ask(.failing(fault)) }
  }
}
