import Batching
import Glibc
import Inference
import Serving
import Synchronization
import TestSupport
import Testing

/// Notes the processors that its thread may use.
private final class PlacedModel: ComputingModel {
  let signature = ModelSignature.oneRow()
  let capabilities = ModelCapabilities()
  let footprintByteCount = 1
  let platformName = "placed"
  let seen = Guarded<[String]>([])

  func makeInstance(stop: StopFlag) -> any ModelInstance { Instance(self) }

  private final class Instance: ModelInstance {
    let model: PlacedModel

    init(_ model: PlacedModel) { self.model = model }

    func run(_ batch: RunBatch, emit: (RunPart) -> Void) {
      let allowed = allowedCores()
      model.seen.withLock { $0.append(allowed) }
      emit(.outputs(rows: 0..<1, batch.inputs.compactMap { $0 }))
    }
  }
}

/// As Linux lists them for the calling thread.
private func allowedCores() -> String {
  guard let file = fopen("/proc/thread-self/status", "r") else { return "" }
  defer { fclose(file) }
  var line = [CChar](repeating: 0, count: 512)
  while fgets(&line, 512, file) != nil {
    let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    let words = text.split { $0 == "\t" || $0 == "\n" || $0 == " " }
    if words.first == "Cpus_allowed_list:" { return words.dropFirst().joined() }
  }
  return ""
}

@Suite(.timeLimit(.minutes(1))) struct PinnedThreadsTests {
  /// The last processor that this process may use, so that it is not simply the first one.
  private var core: Int {
    Int(allowedCores().split { $0 == "," || $0 == "-" }.last ?? "0") ?? 0
  }

  private func cores(of policy: String?, pinned: [String: [Int]]) throws -> [String] {
    var settings = ServingSettings(coreCount: 2)
    settings.pinnedCores = pinned
    settings.proofRunTimeout = nil
    let server = InferenceServer(settings: settings, loopCount: 1, observer: RecordingObserver())
    let model = PlacedModel()
    var specification = ModelSpecification(
      name: "m", source: .file(path: "m.fake"), loader: FakeLoader { model })
    var group = InstanceGroup(count: 1)
    group.hostPolicy = policy
    specification.scheduling.instances = [group]
    try server.load(specification)
    let sink = RecordingSink()
    let entrance = server.makeEntrance(isEventLoop: false)
    let tensor = Tensor([1] as [Float], datatype: .float32, shape: [1])
    let context = RequestContext(
      id: "r", caller: Caller(name: "a"), dialect: .embedded, arrival: MonotonicClock.now(),
      deadline: .distantFuture)
    _ = entrance.submit(
      InferenceRequest(context: context, body: .tensors(.init(inputs: [tensor]))),
      to: try entrance.lease(ModelAddress(name: "m")), sink: sink)
    #expect(eventually { sink.isDone })
    return model.seen.withLock { $0 }
  }

  @Test func `threads of a group run on the processors of its policy`() throws {
    #expect(try cores(of: "one", pinned: ["one": [core]]) == ["\(core)"])
  }

  @Test func `a group without a policy takes the one called cpu`() throws {
    #expect(try cores(of: nil, pinned: ["cpu": [core]]) == ["\(core)"])
  }

  @Test func `a policy of another name leaves threads where the system puts them`() throws {
    #expect(try cores(of: "other", pinned: ["one": [core]]) == [allowedCores()])
  }

  @Test func `processors that the system does not give are a fault of the load`() throws {
    let fault = #expect(throws: ServerFault.self) {
      _ = try cores(of: "far", pinned: ["far": [1_020]])
    }
    #expect("\(try #require(fault))".contains("1020"))
  }
}
