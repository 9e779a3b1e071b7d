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

  /// The user's cache directory by the XDG base directory specification; a user without a home has
  /// none.
  private static func directory(_ settings: ServeSettings) -> String? {
    if let said = settings.cacheDirectory { return said == "off" ? nil : said }
    let variables = Environment.all
    if let base = variables["XDG_CACHE_HOME"], base.hasPrefix("/") { return "\(base)/apus" }
    return variables["HOME"].flatMap { $0.hasPrefix("/") ? "\($0)/.cache/apus" : nil }
  }
}
