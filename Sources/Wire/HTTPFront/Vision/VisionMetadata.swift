import Inference
import Serving
import Vision

/// What a model's metadata says beside its tensors, so that a page knows what to offer.
enum VisionMetadata {
  /// The signature with `task` among its metadata: `detect`, `classify`, another vision task's
  /// name, or `tensor`; and `image_width` and `image_height` where it takes photos.
  static func signature(of lease: ModelLease, _ task: VisionTask) -> ModelSignature {
    let signature = lease.signature
    var metadata = signature.metadata
    metadata["task"] = task.kind == .none ? "tensor" : task.kind.name
    if let size = task.imageSize {
      metadata["image_width"] = String(size.width)
      metadata["image_height"] = String(size.height)
    }
    return ModelSignature(
      inputs: signature.inputs, outputs: signature.outputs, hasRowAxis: signature.hasRowAxis,
      metadata: metadata, methods: signature.methods)
  }
}
