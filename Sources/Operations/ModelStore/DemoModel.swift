import CDemoModels
package import Inference

/// A small model that is part of the program, so that everything can be tried with nothing at hand.
package struct DemoModel: Sendable {
  /// What it is served as: `digits`, `iris`, `shapes`.
  package let name: String
  /// Its ONNX file, in memory for the life of the process.
  package let bytes: StaticBytes

  package var source: ModelSource { .embedded(name: name, bytes) }

  /// All of them, in the order in which they are served.
  package static let all = (0..<apus_demo_model_count()).map { index in
    let embedded = apus_demo_model_at(index)
    return DemoModel(
      name: String(cString: embedded.name),
      bytes: StaticBytes(
        UnsafeRawBufferPointer(start: embedded.bytes, count: embedded.byte_count)))
  }

  /// The one of that name, where there is one.
  package static func named(_ name: String) -> DemoModel? { all.first { $0.name == name } }
}
