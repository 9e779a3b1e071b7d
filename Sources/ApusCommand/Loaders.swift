import Inference
import ModelStore
import OnnxRuntime
import OpenVino
import Settings

/// The loader of each runtime, as the settings want it.
struct Loaders {
  private let cache: CompiledModelCache?

  init(settings: ServeSettings) {
    cache = Self.directory(settings).map {
      CompiledModelCache(directory: "\($0)/openvino", bytesMax: settings.cacheBytesMax)
    }
  }

  func loader(for plan: ModelPlan) -> any ModelLoader {
    plan.chosenRuntime == .openvino ? OpenVinoLoader(cache: cache) : OnnxLoader()
  }

  /// The release of the library that computes this plan's model.
  func version(for plan: ModelPlan) throws(RuntimeFault) -> String {
    plan.chosenRuntime == .openvino
      ? try OpenVinoLibrary.open().version : try OnnxRuntimeLibrary.open().version
  }

  private static func directory(_ settings: ServeSettings) -> String? {
    Environment.directory(settings.cacheDirectory, variable: "XDG_CACHE_HOME", inHome: ".cache")
  }
}
