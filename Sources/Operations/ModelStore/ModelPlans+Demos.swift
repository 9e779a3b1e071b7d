package import Inference
package import Settings

extension ModelPlans {
  /// Plans for the demo models: what is served where nothing is named.
  package static func demos(settings: ServeSettings) -> [ModelPlan] {
    DemoModel.all.map { plan($0, settings) }
  }

  /// As `find` for one path; the name of a demo model, where no such file is, means that model.
  package static func findOrDemo(
    _ model: String, settings: ServeSettings
  ) throws(ServerFault) -> [ModelPlan] {
    if !TextFile.exists(model), let demo = DemoModel.named(model) { return [plan(demo, settings)] }
    return try find([model], settings: settings)
  }

  private static func plan(_ demo: DemoModel, _ settings: ServeSettings) -> ModelPlan {
    let configuration = ModelConfiguration(path: demo.name, settings: settings)
    return configuration.plan(name: demo.name, version: 1, source: demo.source)
  }
}
