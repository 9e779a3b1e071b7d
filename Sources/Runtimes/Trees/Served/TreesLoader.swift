package import Inference

/// Loads models of XGBoost, LightGBM and CatBoost, and ONNX files of scikit-learn's pipelines, into our
/// own engine.
///
/// Answers are the library's own at every precision setting, which changes nothing here.
package struct TreesLoader: ModelLoader {
  package let runtimeName = "trees"
  private let forest: ForestParameters?

  /// - Parameter forest: names and parameters of Triton's backend for forests, where it is meant.
  package init(forest: ForestParameters? = nil) { self.forest = forest }

  package func load(
    _ source: Inference.ModelSource, options: RuntimeOptions
  ) throws(RuntimeFault) -> any LoadedModel {
    try ModelBytes.read(source) { bytes throws(RuntimeFault) -> any LoadedModel in
      if OnnxTrees.isONNX(bytes, name: source.name) {
        return try OnnxTrees.load(bytes, name: source.name)
      }
      let model = try TabularModelReader.read(bytes: bytes, name: source.name)
      return try TreesModel(
        model, platform: model.platform(bytes), fileByteCount: bytes.count, forest: forest,
        threadCount: options.threadCount)
    }
  }

  /// A run that may use one thread stays on its caller's.
  package func leavesNoThread(options: RuntimeOptions) -> Bool { options.threadCount == 1 }

  /// Whether an ONNX file has trees and everything around them is computed here, too, so that `auto`
  /// means this runtime. Blocks on the file; what is wrong with it, its load says.
  package static func takes(_ source: Inference.ModelSource) -> Bool {
    guard ModelBytes.begins(source, with: OnnxTrees.mark) else { return false }
    // Left to ONNX Runtime, whose load says what is wrong with the file.
    let isTaken = try? ModelBytes.read(source) { bytes throws(RuntimeFault) in
      try OnnxTrees.hasTrees(bytes, name: source.name)
    }
    return isTaken ?? false
  }
}

extension TabularModel {
  /// The library and its form of file, as Triton names them.
  fileprivate func platform(_ bytes: UnsafeRawBufferPointer) -> String {
    switch format {
    case .xgboost:
      bytes.count > 1 && "LlIiU#$".utf8.contains(bytes[1]) ? "xgboost_ubj" : "xgboost_json"
    case .lightgbm: "lightgbm_txt"
    case .catboost: "catboost_json"
    }
  }
}

/// ONNX files that this runtime computes.
enum OnnxTrees {
  /// What the name of the operators for trees begins with.
  static let mark: StaticString = "TreeEnsemble"

  /// Other files of this runtime begin with a brace or a word.
  static func isONNX(_ bytes: UnsafeRawBufferPointer, name: String) -> Bool {
    name.hasSuffix(".onnx") || (bytes.first.map { $0 < 0x20 && $0 != 0x0A } ?? false)
  }

  static func load(
    _ bytes: UnsafeRawBufferPointer, name: String
  ) throws(RuntimeFault) -> TabularPipeline {
    guard let pipeline = try TabularPipelineReader.read(bytes: bytes, name: name) else {
      throw RuntimeFault(
        code: .invalidModel,
        message: "\(name) has operators that the runtime trees does not compute; write runtime: "
          + "onnxruntime")
    }
    return pipeline
  }

  /// Whether the file has trees, and all of it is computed here.
  static func hasTrees(
    _ bytes: UnsafeRawBufferPointer, name: String
  ) throws(RuntimeFault) -> Bool {
    try TabularPipelineReader.read(bytes: bytes, name: name)?.hasTrees ?? false
  }
}
