import Inference
import Vision
import WireFormats

/// The samples of a model behind V2 over gRPC. That protocol carries tensors alone: photos are made
/// tensors here before they are asked, and boxes and classes are read out of tensors afterwards, both
/// outside of any run's clock.
package struct AskedCalls: AskedSamples {
  private let client: GRPCInferenceClient
  private let samples: ModelSamples
  /// Of each sample that the timed run asks, what leads its answer back to its photo.
  private let photos: [PreparedPhoto?]
  /// What the timed run asks.
  package let timed: GRPCTarget

  /// Makes what the timed run asks. Blocks.
  package init(
    _ client: GRPCInferenceClient, samples: ModelSamples
  ) throws(SampleProblem) {
    self.client = client
    self.samples = samples
    let made = try ResidentSamples.made(samples.set.samples.indices) {
      sample throws(SampleProblem) in
      let prepared = try samples.prepare(sample)
      let message = client.message(prepared.request, of: samples.signature)
      return ((message, prepared.photo), message.count)
    }
    photos = made.map(\.1)
    timed = client.target(made.map(\.0))
  }

  package var sampleCount: Int { samples.set.samples.count }
  package var classNames: [String] { samples.classNames }
  package var note: String? { samples.note }
  /// Some of what is asked was a photo.
  package var havePhotos: Bool { photos.contains { $0 != nil } }

  package func target(from sample: Int) throws(SampleProblem) -> any LoadTarget {
    let messages = try ResidentSamples.following(sample, of: sampleCount) {
      place throws(SampleProblem) in
      let message = client.message(try samples.prepare(place).request, of: samples.signature)
      return (message, message.count)
    }
    return client.target(messages)
  }

  package func content(
    of answer: LoadAnswer, to sample: Int
  ) throws(CallProblem) -> AnswerContent {
    guard case .body(let bytes) = answer else {
      preconditionFailure("a server answers with bytes")
    }
    let outputs = try client.outputs(of: bytes)
    let photo: PreparedPhoto?
    do throws(SampleProblem) {
      photo = photos.indices.contains(sample) ? photos[sample] : try samples.prepare(sample).photo
    } catch {
      throw CallProblem(kind: "sample", text: error.description)
    }
    do throws(InferenceFailure) {
      return try samples.content(of: outputs, to: photo)
    } catch {
      throw CallProblem(kind: error.kind, text: FailureMessage.text(for: error))
    }
  }
}
