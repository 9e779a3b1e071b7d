import Batching
import Inference

/// Gives equal keys to requests that may share a run, and to no others.
///
/// Remembers the forms that it saw last, so that a key costs one comparison for the usual client; a
/// form that was forgotten gets a new key, and its requests then merely do not join older ones.
struct RunForms: Sendable {
  /// All that requests of one run have in common.
  private struct Form: Sendable {
    let key: BatchKey
    let method: Int
    /// Row axes are set to 0, padded ones to what they are padded to; `nil` for an absent input.
    let shapes: [TensorShape?]
    let outputs: [Int]
    let parameters: [Parameter]
  }

  private let padding: PaddingPlan?
  private var forms: [Form] = []
  /// Where the next new form goes.
  private var oldest = 0
  /// Where the last request's form was found.
  private var latest = 0
  private var formCount: UInt64 = 0

  private static let formsKeptMax = 32

  init(padding: PaddingPlan?) { self.padding = padding }

  /// The key of a request; `nil` for one that can only run alone and whole, because its inputs do
  /// not agree on their rows, or are not on the host.
  mutating func key(of tensors: TensorRequest, rowCount: Int) -> BatchKey? {
    guard rowCount > 0, tensors.inputs.allSatisfy({ Self.isJoinable($0, rowCount) }) else {
      return nil
    }
    if latest < forms.count, hasForm(tensors, forms[latest]) { return forms[latest].key }
    if let place = forms.firstIndex(where: { hasForm(tensors, $0) }) {
      latest = place
      return forms[place].key
    }
    return remember(tensors)
  }

  private static func isJoinable(_ tensor: Tensor?, _ rowCount: Int) -> Bool {
    guard let tensor else { return true }
    return tensor.shape.rank > 0 && tensor.shape[0] == rowCount && tensor.hostBytes != nil
  }

  private func hasForm(_ tensors: TensorRequest, _ form: Form) -> Bool {
    guard tensors.method == form.method, tensors.outputs == form.outputs,
      tensors.parameters == form.parameters
    else { return false }
    for (place, tensor) in tensors.inputs.enumerated()
    where shape(of: tensor, place) != form.shapes[place] {
      return false
    }
    return true
  }

  private func shape(of tensor: Tensor?, _ place: Int) -> TensorShape? {
    guard let tensor else { return nil }
    var shape = padding?.formShape(of: tensor, at: place) ?? tensor.shape
    shape[0] = 0
    return shape
  }

  private mutating func remember(_ tensors: TensorRequest) -> BatchKey {
    formCount += 1
    let form = Form(
      key: BatchKey(number: formCount), method: tensors.method,
      shapes: tensors.inputs.enumerated().map { shape(of: $1, $0) }, outputs: tensors.outputs,
      parameters: tensors.parameters)
    if forms.count < Self.formsKeptMax {
      latest = forms.count
      forms.append(form)
    } else {
      latest = oldest
      forms[oldest] = form
      oldest = (oldest + 1) % Self.formsKeptMax
    }
    return form.key
  }
}
