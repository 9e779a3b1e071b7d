package import Inference

extension ModelPlan {
  /// The whole configuration as Triton would show it: what was written, and what the loaded model
  /// and the other dialects say where nothing was.
  package func configuration(of model: ConfiguredModel) -> ModelConfigDocument {
    TritonTable.document(ConfigurationCompletion.root(of: self, model))
  }
}
