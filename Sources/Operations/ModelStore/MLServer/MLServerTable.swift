import Inference

/// The keys of MLServer's `model-settings.json`, and what becomes of each.
enum MLServerTable {
  typealias Field = ConfigurationField

  static let table = ConfigurationTable(
    groups: [
      ("model-settings.json", top), ("parameters", parameters), ("tensor", tensor),
      ("tensor parameters", tensorParameters),
    ], root: "model-settings.json")

  private static let workers = Field.Fate.warns("the model runs in this process; see instances")

  private static let environment = "whose Python runs the class"

  private static let top: [Field] = [
    Field("name", .text, .honoured("what it is served as")),
    Field(
      "implementation", .text,
      .honoured(
        "one that only runs an ONNX, OpenVINO, XGBoost, LightGBM or CatBoost file is ours; another "
          + "class runs in Python")),
    Field("platform", .text, .honoured("says nothing that the file does not")),
    Field("versions", .text, .repeated, .warns("the version is that of parameters")),
    Field("inputs", .group("tensor"), .repeated, .honoured("must agree with the model")),
    Field("outputs", .group("tensor"), .repeated, .honoured("must agree with the model")),
    Field("max_batch_size", .integer(0...1_000_000), .honoured("requests are joined up to it")),
    Field("max_batch_time", .number, .honoured("seconds that a request may wait for others")),
    Field("parameters", .group("parameters"), .honoured("see its keys")),
    Field("parallel_workers", .integer(0...100_000), workers),
    Field("warm_workers", .boolean, workers),
    Field("cache_enabled", .boolean, .honoured("answers of equal requests are kept")),
  ]

  private static let parameters: [Field] = [
    Field("uri", .text, .honoured("the model's file, seen from this one")),
    Field("version", .text, .honoured("a number is the version; other text is an alias of it")),
    Field("content_type", .text, .warns("requests carry tensors")),
    Field("format", .text, .warns("the file's ending says it")),
    Field("environment_path", .text, .honoured(environment)),
    Field("environment_tarball", .text, .honoured(environment)),
    Field("inference_pool_gid", .text, .warns("each model has processes of its own")),
    Field("extra", .tree("anything"), .honoured("the class in Python gets it")),
  ]

  private static let tensor: [Field] = [
    Field("name", .text, .honoured("an input or output of the model")),
    Field(
      "datatype", .choice(Datatype.allCases.map(\.name)), .honoured("must be the model's own")),
    Field(
      "shape", .integer(-1...Int64(Int32.max)), .repeated,
      .honoured("with the row axis; must go with the model's own")),
    Field("parameters", .group("tensor parameters"), .honoured("see its keys")),
    Field("tags", .tree("anything"), .warns("nothing is done with them")),
  ]

  private static let tensorParameters: [Field] = [
    Field("content_type", .text, .warns("requests carry tensors")),
    Field("headers", .tree("anything"), .warns("nothing is done with them")),
  ]
}
