package import Inference

/// Loads models of XGBoost, LightGBM and CatBoost, and ONNX models of trees, into our own engine.
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
    try ModelBytes.read(source) { bytes throws(RuntimeFault) in
      let model = try TabularModelReader.read(bytes: bytes, name: source.name)
      return try TreesModel(
        model, platform: model.platform(bytes), fileByteCount: bytes.count, forest: forest)
    }
  }

  /// Runs stay on their callers' threads.
  package func leavesNoThread(options: RuntimeOptions) -> Bool { true }
}

extension TabularModel {
  /// The library and its form of file, as Triton names them.
  fileprivate func platform(_ bytes: UnsafeRawBufferPointer) -> String {
    switch format {
    case .xgboost:
      bytes.count > 1 && "LlIiU".utf8.contains(bytes[1]) ? "xgboost_ubj" : "xgboost_json"
    case .lightgbm: "lightgbm_txt"
    case .catboost: "catboost_json"
    }
  }
}
