import ArgumentParser
import Inference
import Jobs
import ModelStore
import Serving
import Settings

/// What commands that load models share: the settings of `serve` that concern a model.
struct ModelArguments: ParsableArguments {
  @Option(help: "A file of class names, one a line; instead of those that the model brings.")
  var labels: String?

  @Option(help: "Threads that one run may use.")
  var runtimeThreads: String?

  @Option(help: "f32, auto, bf16 or int8; f32 unless said.")
  var precision: String?

  @Option(help: "What computes the model: auto, onnxruntime, openvino or trees.")
  var runtime: String?

  @Option(help: "What the model is for: detect, classify or none; instead of what it says itself.")
  var task: String?

  /// Whether any of these flags is given.
  var areGiven: Bool {
    [labels, runtimeThreads, precision, runtime, task].contains { $0 != nil }
  }

  /// The settings in force, with these flags over them.
  func settings() throws -> ServeSettings {
    var flags: [String: String] = [:]
    flags["labels"] = labels
    flags["runtime-threads"] = runtimeThreads
    flags["precision"] = precision
    flags["runtime"] = runtime
    do throws(SettingsFault) {
      return try ServeSettings.resolve(
        flags: flags, environment: Environment.all, file: "apus.yaml")
    } catch {
      throw Failure.usage("\(error)")
    }
  }

  /// The models that an argument names: files, directories, or a demo model.
  func plans(_ model: String, settings: ServeSettings) throws -> [ModelPlan] {
    if let task, !["detect", "classify", "none"].contains(task) {
      throw Failure.usage("--task: expected detect, classify or none, got \(task)")
    }
    do throws(ServerFault) {
      var plans = try ModelPlans.findOrDemo(model, settings: settings)
      if let task { for index in plans.indices { plans[index].task = task } }
      return plans
    } catch {
      throw Failure.operation("\(error)")
    }
  }

  /// The one model that an argument names.
  func onlyPlan(_ model: String, settings: ServeSettings) throws -> ModelPlan {
    let plans = try plans(model, settings: settings)
    guard let plan = plans.first, plans.count == 1 else {
      let names = plans.map { "\($0.name) version \($0.version)" }.joined(separator: ", ")
      throw Failure.usage("\(model) holds several models; name the file of one of: \(names)")
    }
    return plan
  }

  /// Loads the one model that an argument names; `runtime` is what computes it.
  func open(_ model: String) throws -> (model: OpenModel, runtime: String) {
    let settings = try settings()
    let plan = try onlyPlan(model, settings: settings)
    let loaders = Loaders(settings: settings)
    let loader = loaders.loader(for: plan)
    do throws(ServerFault) {
      let opened = try OpenModel(
        plan.specification(loader: loader), vision: plan.vision, serving: settings.servingSettings)
      // A library that has just computed tells its release.
      let version = (try? loaders.version(for: plan)) ?? ""
      return (opened, "\(loader.runtimeName) \(version)")
    } catch {
      throw Failure.operation("\(error)")
    }
  }
}
