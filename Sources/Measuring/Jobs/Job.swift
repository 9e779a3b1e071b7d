import Inference
import Serving
import Vision
import WireFormats

/// Answers one input: decides what it is, makes it the model's, asks, and makes sense of the answer.
package struct Job: Sendable {
  let model: OpenModel
  private let settings: JobSettings

  package init(model: OpenModel, settings: JobSettings) {
    self.model = model
    self.settings = settings
  }

  /// Blocks until the answer is there. `name` is that of the input's file, for what its bytes do not
  /// tell.
  package func answer(
    to bytes: UnsafeRawBufferPointer, name: String
  ) throws(JobProblem) -> JobAnswer {
    switch JobInput(bytes: bytes, name: name, task: model.task.kind) {
    case .photo:
      do throws(InferenceFailure) {
        return try photoAnswer(bytes)
      } catch {
        throw .failure(error)
      }
    case .request:
      do throws(InferenceFailure) {
        return try requestAnswer(bytes)
      } catch {
        throw .failure(error)
      }
    case .csv, .jsonRows: return try rowsAnswer(try table(bytes, name: name))
    }
  }

  // MARK: Photos

  private func photoAnswer(_ bytes: UnsafeRawBufferPointer) throws(InferenceFailure) -> JobAnswer {
    // A model of another task, or of none, says so before the photo is decoded.
    if model.task.kind != .classify { try model.task.require(.detect) }
    var times = JobTimes()
    let pixels = try model.task.decode(photo: bytes)
    times.decoded = MonotonicClock.now()
    let photo = try model.task.prepare(pixels)
    times.prepared = MonotonicClock.now()
    let answer = try model.ask(TensorRequest(inputs: photo.inputs, outputs: model.task.outputs))
    times.served = answer.served
    let content: JobAnswer.Content
    var annotated: [UInt8]?
    if model.task.kind == .classify {
      content = .classes(
        try model.task.classes(in: answer.outputs, top: settings.classification.top))
    } else {
      let found = try model.task.detections(
        in: answer.outputs, of: photo, parameters: settings.detection)
      content = .detections(found)
      if settings.isAnnotating {
        annotated = try model.task.annotated(photo: bytes, detections: found)
      }
    }
    times.finished = MonotonicClock.now()
    let head = VisionAnswerHead(
      modelName: model.lease.name, modelVersion: model.lease.version, width: photo.width,
      height: photo.height, milliseconds: times.milliseconds)
    return JobAnswer(content: content, head: head, annotated: annotated)
  }

  // MARK: Tensors

  private func requestAnswer(
    _ bytes: UnsafeRawBufferPointer
  ) throws(InferenceFailure) -> JobAnswer {
    let request: OpenInferenceRequest
    do throws(InputProblem) {
      request = try OpenInferenceRequest.decode(json: bytes, signature: model.lease.signature)
    } catch {
      throw .invalidInput(error)
    }
    let outputs = try model.ask(request.body).outputs
    return tensorAnswer(outputs, id: request.id, plan: request.responsePlan)
  }

  func table(
    _ bytes: UnsafeRawBufferPointer, name: String
  ) throws(JobProblem) -> RowTable {
    do {
      if JobInput(bytes: bytes, name: name, task: model.task.kind) == .jsonRows {
        return try RowTable(json: try JSONValue(parsing: bytes))
      }
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw RowProblem.notText
      }
      return try RowTable(csv: text)
    } catch let problem as RowProblem {
      throw .rows(problem)
    } catch let problem as InputProblem {
      throw .failure(.invalidInput(problem))
    } catch {
      throw .unreadable(reason: "\(error)")
    }
  }

  private func rowsAnswer(_ table: RowTable) throws(JobProblem) -> JobAnswer {
    let requests: [TensorRequest]
    do throws(RowProblem) {
      requests = try RowTensors(model.lease.signature).requests(for: table)
    } catch {
      throw .rows(error)
    }
    do throws(InferenceFailure) {
      var parts: [[NamedTensor]] = []
      for request in requests { parts.append(try model.ask(request).outputs) }
      return tensorAnswer(
        TensorJoin.rows(of: parts), id: nil, plan: OpenInferenceResponsePlan())
    } catch {
      throw .failure(error)
    }
  }

  private func tensorAnswer(
    _ outputs: [NamedTensor], id: String?, plan: OpenInferenceResponsePlan
  ) -> JobAnswer {
    let head = VisionAnswerHead(
      modelName: model.lease.name, modelVersion: model.lease.version, width: 0, height: 0,
      milliseconds: [])
    return JobAnswer(
      content: .tensors(outputs, id: id, plan: plan, labels: model.task.labels), head: head,
      annotated: nil)
  }
}
