import Inference
import ModelStore
import OnnxRuntime
import OpenVino
import SampleBackends
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
    switch plan.chosenRuntime {
    case .auto, .onnxruntime: OnnxLoader()
    case .openvino: OpenVinoLoader(cache: cache)
    case .identity:
      IdentityLoader(
        declared: plan.declared,
        delayMilliseconds: plan.backendParameters["execute_delay_ms"].flatMap(Int.init) ?? 0)
    }
  }

  /// The release of the library that computes this plan's model; of the program, where none does.
  func version(for plan: ModelPlan) throws(RuntimeFault) -> String {
    switch plan.chosenRuntime {
    case .auto, .onnxruntime: try OnnxRuntimeLibrary.open().version
    case .openvino: try OpenVinoLibrary.open().version
    case .identity: Version.text
    }
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
