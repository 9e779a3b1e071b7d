import FrontSupport
import Imaging
import Inference
import NIOCore
import Serving
import Vision
import WireFormats

/// The parts of a photo request that take milliseconds; a value, so that it can go to a worker.
struct VisionWork: Sendable {
  let task: VisionTask
  let modelName: String
  let modelVersion: Int64
  let contentType: String
  let coding: ContentCoding
  let limits: HTTPLimits

  /// A photo that is ready for the model, and what is needed of it afterwards.
  struct Ready: Sendable {
    let photo: PreparedPhoto
    let wish: VisionWish
    let times: StageTimes
    /// The photo as it came, where it is to be drawn on.
    let original: ByteBuffer?
  }

  /// Unpacks, reads, decodes and prepares.
  func prepare(
    _ body: ByteBuffer, _ wish: VisionWish, _ times: StageTimes
  ) -> Result<Ready, InferenceFailure> {
    do throws(InferenceFailure) {
      var wish = wish
      var times = times
      times.workStarted = MonotonicClock.now()
      let plain =
        coding == .identity
        ? body : try Unpacking.unpack(body, coding, byteCountMax: limits.bodyBytesMax)
      let bytes = try photo(in: plain, &wish)
      let image = try bytes.withUnsafeReadableBytes { bytes throws(InferenceFailure) in
        try task.decode(photo: bytes, limits: ImageLimits(pixelsMax: limits.imagePixelsMax))
      }
      times.decoded = MonotonicClock.now()
      let prepared = try task.prepare(image)
      times.prepared = MonotonicClock.now()
      return .success(
        Ready(
          photo: prepared, wish: wish, times: times, original: wish.wantsPhoto ? bytes : nil))
    } catch {
      return .failure(error)
    }
  }

  private func photo(
    in body: ByteBuffer, _ wish: inout VisionWish
  ) throws(InferenceFailure) -> ByteBuffer {
    do throws(InputProblem) {
      let request = try body.withUnsafeReadableBytes { bytes throws(InputProblem) in
        try PhotoRequest.read(bytes, contentType: contentType.isEmpty ? nil : contentType)
      }
      for parameter in request.parameters { try wish.set(parameter) }
      switch request.photo {
      case .decoded(let bytes): return ByteBuffer(bytes: bytes)
      case .inBody(let range):
        let start = body.readerIndex + range.lowerBound
        return body.getSlice(at: start, length: range.count) ?? ByteBuffer()
      }
    } catch {
      throw .invalidInput(error)
    }
  }

  /// Makes the answer of a model's outputs.
  func answer(
    _ outputs: [NamedTensor], _ ready: Ready, _ served: ServedPhases
  ) -> Result<Answer, InferenceFailure> {
    do throws(InferenceFailure) {
      var times = ready.times
      times.served = served
      times.postprocessStarted = MonotonicClock.now()
      if let parameters = ready.wish.detection {
        let found = try task.detections(in: outputs, of: ready.photo, parameters: parameters)
        if let original = ready.original { return .success(try drawn(found, on: original)) }
        times.postprocessed = MonotonicClock.now()
        return .success(json(VisionDocuments.detections(found, head(ready, times))))
      }
      let parameters = ready.wish.classification ?? ClassificationParameters()
      let found = try task.classes(in: outputs, top: parameters.top)
      times.postprocessed = MonotonicClock.now()
      return .success(json(VisionDocuments.classes(found, head(ready, times))))
    } catch {
      return .failure(error)
    }
  }

  private func drawn(
    _ found: [Detection], on original: ByteBuffer
  ) throws(InferenceFailure) -> Answer {
    let photo = try original.withUnsafeReadableBytes { bytes throws(InferenceFailure) in
      try task.annotated(
        photo: bytes, detections: found,
        limits: ImageLimits(pixelsMax: limits.imagePixelsMax))
    }
    var answer = Answer(status: 200, contentType: "image/jpeg", bytes: photo)
    answer.isCompressible = false
    return answer
  }

  private func json(_ document: [UInt8]) -> Answer {
    Answer(status: 200, contentType: Answer.json, bytes: document)
  }

  private func head(_ ready: Ready, _ times: StageTimes) -> VisionAnswerHead {
    VisionAnswerHead(
      modelName: modelName, modelVersion: modelVersion, width: ready.photo.width,
      height: ready.photo.height, milliseconds: times.milliseconds)
  }
}
