package import Inference
import Serving
import Vision
import WireFormats

extension Job {
  /// The requests that an input would be asked as, without asking: one for a photo or a request of the
  /// Open Inference Protocol, and one for each row of a table where the model takes single rows.
  ///
  /// Blocks for as long as decoding takes.
  package func requests(
    for bytes: UnsafeRawBufferPointer, name: String
  ) throws(JobProblem) -> [TensorRequest] {
    switch JobInput(bytes: bytes, name: name, task: model.task.kind) {
    case .csv, .jsonRows:
      let table = try table(bytes, name: name)
      do throws(RowProblem) {
        return try RowTensors(model.lease.signature).rowRequests(for: table)
      } catch {
        throw .rows(error)
      }
    case .photo:
      do throws(InferenceFailure) {
        let photo = try model.task.prepare(photo: bytes)
        return [TensorRequest(inputs: photo.inputs, outputs: model.task.outputs)]
      } catch {
        throw .failure(error)
      }
    case .request:
      do throws(InputProblem) {
        return [try OpenInferenceRequest.decode(json: bytes, signature: model.lease.signature).body]
      } catch {
        throw .failure(.invalidInput(error))
      }
    }
  }
}
