import FrontSupport
import Inference
import Serving
import WireFormats

/// Answers what needs no model to compute: health, metadata, lists.
struct StatusAnswers {
  let shared: FrontShared
  let connection: HTTPConnection

  func answer(_ route: Route) {
    switch route.endpoint {
    case .serverMetadata:
      answer(
        OpenInferenceDocuments.serverMetadata(
          version: shared.settings.version, extensions: extensions))
    case .serverLive: answer(OpenInferenceDocuments.live(shared.door.isLive), shared.door.isLive)
    case .serverReady:
      let reason = shared.door.unreadiness
      answer(OpenInferenceDocuments.ready(unless: reason), reason == nil)
    case .plainLive: answer(plain: shared.door.isLive)
    case .plainReady: answer(plain: isReady)
    case .modelList: answer(OpenInferenceDocuments.modelList(names: names))
    case .modelMetadata: answerMetadata(of: route.address)
    case .modelConfig: answerConfiguration(of: route.address)
    case .modelReady: answerReadiness(of: route.address)
    case .ping:
      answer(TorchServeDocuments.health(isWell: isReady), isReady)
    case .programVersion: answer(plain: shared.settings.version)
    case .v1ModelList: answer(PredictDocuments.modelList(names: names))
    case .v1ModelStatus: answerVersions(of: route.address)
    case .v1Metadata: answerTensorFlowMetadata(of: route.address)
    case .infer, .generate, .generateStream, .detect, .classify, .metrics, .page, .description,
      .modelStatistics, .allStatistics, .repositoryIndex, .modelLoad, .modelUnload, .modelAliases,
      .systemMemoryStatus, .systemMemoryRegister, .systemMemoryUnregister, .cudaMemoryStatus,
      .cudaMemoryRegister, .cudaMemoryUnregister, .traceSettings, .logSettings,
      .v1Predict, .v1Explain, .v1Classify, .v1Regress, .invocations, .predict, .vertexPredict,
      .modelRegister, .modelEntry, .modelDefault, .modelInvoke, .predictions, .explanations,
      .modelMethod:
      preconditionFailure("\(route.endpoint) is answered elsewhere")
    }
  }

  /// Names of Triton's, of what is there and on.
  private var extensions: [String] {
    let optional: [(name: String, isThere: Bool)] = [
      ("system_shared_memory", shared.extensions.memory.isOn),
      ("trace", shared.extensions.tracing != nil), ("logging", shared.extensions.logging != nil),
    ]
    return Self.alwaysThere + optional.filter(\.isThere).map(\.name)
  }

  private static let alwaysThere = [
    "binary_tensor_data", "classification", "parameters", "statistics", "model_repository",
    "model_repository(unload_dependents)", "model_configuration", "schedule_policy", "sequence",
    "sequence(string_id)",
  ]

  private var isReady: Bool { shared.door.isReady }

  private var names: [String] { shared.door.modelNames }

  /// A health probe that fails is answered 503, as whoever asks looks at the status first.
  private func answer(_ document: [UInt8], _ isWell: Bool = true) {
    connection.answer(Answer(status: isWell ? 200 : 503, contentType: Answer.json, bytes: document))
  }

  private func answer(plain isWell: Bool) {
    answer(plain: isWell ? "ok" : "no", status: isWell ? 200 : 503)
  }

  private func answer(plain text: String, status: Int = 200) {
    connection.answer(
      Answer(
        status: status, contentType: "text/plain; charset=utf-8", bytes: (text + "\n").utf8))
  }

  /// KServe looks at the status and at `ready`, TensorFlow Serving's clients at the versions: one
  /// that speaks plainly of versions hears 200 while they load.
  private func answerVersions(of address: ModelAddress) {
    let statuses = shared.door.statuses(of: address)
    guard !statuses.isEmpty else {
      // The refusal that a request for it would get.
      do throws(InferenceFailure) {
        _ = try connection.front.entrance.lease(address)
        connection.refuse(.modelNotReady(name: address.name, state: .gone))
      } catch {
        connection.refuse(error)
      }
      return
    }
    connection.record.model = address.name
    let isReady = statuses.contains { $0.state == .ready }
    let isAboutVersions =
      address.version != .any || connection.record.context.dialect == .tensorFlow
    answer(
      PredictDocuments.modelStatus(
        name: address.name, isReady: isReady,
        versions: statuses.map { .init(version: $0.version, state: $0.state) }),
      isReady || isAboutVersions)
  }

  private func answerTensorFlowMetadata(of address: ModelAddress) {
    do throws(InferenceFailure) {
      let lease = try connection.front.entrance.lease(address)
      connection.record.model = lease.name
      answer(
        PredictDocuments.metadata(
          name: lease.name, version: lease.version, signature: lease.signature))
    } catch {
      connection.refuse(error)
    }
  }

  private func answerMetadata(of address: ModelAddress) {
    do throws(InferenceFailure) {
      let lease = try connection.front.entrance.lease(address)
      connection.record.model = lease.name
      let task = shared.visionTasks.task(for: lease)
      answer(
        OpenInferenceDocuments.modelMetadata(
          name: lease.name, versions: lease.versions, platform: lease.platformName,
          signature: VisionMetadata.signature(of: lease, task)))
    } catch {
      connection.refuse(error)
    }
  }

  private func answerConfiguration(of address: ModelAddress) {
    do throws(InferenceFailure) {
      let lease = try connection.front.entrance.lease(address)
      connection.record.model = lease.name
      guard let document = lease.configuration else {
        throw .unsupported(.other("the configuration of a model that was not read from files"))
      }
      answer(document.encodeJSON())
    } catch {
      connection.refuse(error)
    }
  }

  private func answerReadiness(of address: ModelAddress) {
    do throws(InferenceFailure) {
      let lease = try connection.front.entrance.lease(address)
      connection.record.model = lease.name
      let isReady = lease.obstacle == nil
      answer(OpenInferenceDocuments.modelReady(name: lease.name, isReady), isReady)
    } catch {
      guard case .modelNotReady(let name, _) = error else {
        connection.refuse(error)
        return
      }
      answer(OpenInferenceDocuments.modelReady(name: name, false), false)
    }
  }
}
