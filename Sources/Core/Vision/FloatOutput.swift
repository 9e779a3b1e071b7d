import Imaging
import Inference
import Kernels

/// An output's elements as floats: where they lie, or copied where they were halves.
///
/// Keeps the memory alive that it points into.
struct FloatOutput {
  let shape: TensorShape
  private let storage: TensorStorage
  private let byteOffset: Int

  /// The variant of the inner loops that this processor runs fastest.
  static let bestVariant = apus_best_variant()

  /// `nil` where the tensor is neither of float32 nor float16, or not on the host.
  init?(_ tensor: Tensor) {
    guard let bytes = tensor.hostBytes else { return nil }
    shape = tensor.shape
    switch tensor.datatype {
    case .float32:
      storage = tensor.storage
      byteOffset = tensor.byteOffset
    case .float16:
      storage = TensorStorage(byteCount: tensor.elementCount * 4)
      byteOffset = 0
      apus_floats_from_halves(
        Self.bestVariant, bytes.bindMemory(to: UInt16.self).baseAddress, tensor.elementCount,
        storage.hostBytesForFilling?.bindMemory(to: Float.self).baseAddress)
    default: return nil
    }
  }

  func withElements<Result>(_ body: (UnsafeBufferPointer<Float>) -> Result) -> Result {
    let count = shape.elementCount ?? 0
    let base = storage.hostBytes?.baseAddress?.advanced(by: byteOffset)
    return withExtendedLifetime(storage) {
      body(
        UnsafeBufferPointer(
          start: base?.assumingMemoryBound(to: Float.self), count: base == nil ? 0 : count))
    }
  }
}
