import Imaging
import Inference

/// Every key of `model.yaml`.
enum OwnTable {
  typealias Field = ConfigurationField

  static let table = ConfigurationTable(
    groups: [("model.yaml", top)] + workers + scheduling + graph, root: "model.yaml")

  static let count: Field.Kind = .integer(0...1_000_000)
  static let length: Field.Kind = .integer(-1...Int64(Int32.max))
  static let datatype: Field.Kind = .choice(Datatype.allCases.map(\.name))

  private static func names<Choice: RawRepresentable & CaseIterable>(
    _ type: Choice.Type
  ) -> Field.Kind where Choice.RawValue == String {
    .choice(Choice.allCases.map(\.rawValue))
  }

  private static let top: [Field] = [
    Field("name", .text, .honoured("what it is served as; the directory's name without it")),
    Field("file", .text, .honoured("the file or directory in the version's directory")),
    Field(
      "runtime", names(ModelPlan.RuntimeKind.self),
      .honoured("what loads it; follows the file without it")),
    Field(
      "versions", .tree("latest, all, or numbers from 1"),
      .honoured("which version directories are served; the highest without it")),
    Field(
      "aliases", .integer(1...Int64.max), .keyed,
      .honoured("names of versions, usable in paths: `stable: 3`")),
    Field(
      "task", .choice(["detect", "classify", "none"]),
      .honoured("what it is for; its metadata say so without it")),
    Field(
      "labels", .tree("class names, or the path of a file of them"),
      .honoured("class names by index")),
    Field(
      "instances", .tree("a whole number from 1, or auto"),
      .honoured("concurrent callers of the loaded model")),
    Field(
      "host-policy", .text, .honoured("names a --host-policy of the server; cpu without it")),
    Field(
      "rate-limit", .group("rate-limit"),
      .honoured("what each run occupies, where the server has --rate-limit execution_count")),
    Field(
      "runtime-threads", .tree("a whole number from 1"), .honoured("threads that one run may use")),
    Field(
      "precision", names(RuntimeOptions.Precision.self),
      .honoured("the bits of the model, or what the processor does best")),
    Field(
      "isolation", .choice(["none", "process"]),
      .honoured("process runs the model outside of the server, where a crash costs it alone")),
    Field("worker", .group("worker"), .honoured("how its processes are kept in line")),
    Field("python", .group("python"), .honoured("what Python is told of it")),
    Field(
      "waiting-requests-max", .tree("a whole number from 1"),
      .honoured("requests that may wait for the model")),
    Field("resize", names(ResizeFilter.self), .honoured("how photos are brought to size")),
    Field("scaled-decoding", .boolean, .honoured("photos may be decoded at a fraction of a size")),
    Field("mean", .number, .repeated, .honoured("for all channels or one for each, 0 to 1")),
    Field("std", .number, .repeated, .honoured("for all channels or one for each, 0 to 1")),
    Field("inputs", .group("tensor"), .repeated, .honoured("must agree with the model")),
    Field("outputs", .group("tensor"), .repeated, .honoured("must agree with the model")),
    Field(
      "max-batch-size", .integer(0...1_000_000),
      .honoured("most rows of a run; 0 where requests have no row axis")),
    Field(
      "batching", .choice(["off", "fixed", "auto"]),
      .honoured("each request alone, as written here, or as the server finds out")),
    Field(
      "target", .tree("throughput, or a percentile and a time such as p99 20ms"),
      .honoured("what `batching: auto` works for")),
    Field(
      "preferred-batch-sizes", .integer(1...1_000_000), .repeated,
      .honoured("rows at which a batch leaves at once")),
    Field("batch-delay", .duration, .honoured("how long a request may wait for others")),
    Field("preserve-ordering", .boolean, .honoured("answers leave in the order of requests")),
    Field(
      "decoupled", .boolean,
      .honoured("a request may have any number of answers; `infer` refuses the model")),
    Field("priority-levels", .integer(0...1_024), .honoured("1 is the most urgent")),
    Field("default-priority", .integer(1...1_024), .honoured("of a request that names none")),
    Field("queue-size", count, .honoured("requests that may wait; 0 takes the server's bound")),
    Field("queue-timeout", .duration, .honoured("how long a request may wait at all")),
    Field(
      "timeout-action", .choice(["reject", "delay"]),
      .honoured("what becomes of a request that waited too long")),
    Field("timeout-override", .boolean, .honoured("a request's own timeout counts")),
    Field("padding", .group("padding"), .honoured("requests of other shapes may share a run")),
    Field("response-cache", .boolean, .honoured("answers of equal requests are kept")),
    Field("warm-up", .group("warm-up"), .repeated, .honoured("requests before it is ready")),
    Field("sequence", .group("sequence"), .honoured("requests belong to sequences")),
    Field("graph", .group("graph"), .honoured("the model is made of others")),
  ]

  private static let scheduling: [(name: String, fields: [Field])] = [
    (
      "rate-limit",
      [
        Field("resources", .group("resource"), .repeated, .honoured("what a run occupies")),
        Field("priority", count, .honoured("2 gets half the turns of 1")),
      ]
    ),
    (
      "resource",
      [
        Field("name", .text, .honoured("the resource")),
        Field("global", .boolean, .honoured("one for all devices")),
        Field("count", count, .honoured("how much of it; 1 without it")),
      ]
    ),
    (
      "tensor",
      [
        Field("name", .text, .honoured("as the model calls it")),
        Field("datatype", datatype, .honoured("must be the model's own")),
        Field(
          "shape", length, .repeated, .honoured("without the row axis; -1 is any length")),
        Field(
          "model-shape", length, .repeated, .honoured("what the model sees; as many elements")),
        Field("optional", .boolean, .honoured("must be optional in the model, too")),
      ]
    ),
    (
      "padding",
      [
        Field("value", .number, .honoured("what fills the rest of a shorter row; 0 without it")),
        Field("mask", .text, .honoured("an input that gets 1 for real and 0 for padding")),
        Field(
          "buckets", .integer(1...Int64(Int32.max)), .repeated,
          .honoured("lengths to which rows are padded; the longest of the batch without them")),
      ]
    ),
    (
      "warm-up",
      [
        Field("name", .text, .honoured("names it to people")),
        Field("count", .integer(1...1_000), .honoured("how often it is asked")),
        Field("batch-size", count, .honoured("rows of the request")),
        Field("inputs", .group("warm-up input"), .keyed, .honoured("zeros for all without it")),
      ]
    ),
    (
      "warm-up input",
      [
        Field("datatype", datatype, .honoured("of the input")),
        Field(
          "shape", .integer(0...Int64(Int32.max)), .repeated, .honoured("without the row axis")),
        Field("content", .text, .honoured("zero, random, or a file beside model.yaml")),
      ]
    ),
    (
      "sequence",
      [
        Field("strategy", .choice(["direct", "oldest"]), .honoured("direct without it")),
        Field("idle-timeout", .duration, .honoured("a sequence is over after it; 1s without it")),
        Field("delay", .duration, .honoured("how long a request may wait for others")),
        Field("minimum-slot-utilization", .number, .honoured("for direct: 0 to 1")),
        Field(
          "candidates", count,
          .honoured("for oldest: sequences under way at once, of each instance")),
        Field(
          "preferred-batch-sizes", .integer(1...1_000_000), .repeated, .honoured("for oldest")),
        Field("preserve-ordering", .boolean, .honoured("for oldest")),
        Field(
          "iterative", .boolean,
          .honoured("each request is a sequence, which runs until the model has finished it")),
        Field("controls", .group("control"), .repeated, .honoured("inputs that the server fills")),
        Field("states", .group("state"), .repeated, .honoured("tensors that the server keeps")),
      ]
    ),
    (
      "control",
      [
        Field("input", .text, .honoured("an input of the model")),
        Field(
          "kind", .choice(["start", "end", "ready", "correlation-id"]), .honoured("what it tells")),
        Field("datatype", datatype, .honoured("of the input")),
        Field("false", .number, .honoured("0 without it")),
        Field("true", .number, .honoured("1 without it")),
      ]
    ),
    (
      "state",
      [
        Field("input", .text, .honoured("the input that gets the value")),
        Field("output", .text, .honoured("the output that gives the next")),
        Field("datatype", datatype, .honoured("of both")),
        Field("shape", length, .repeated, .honoured("without the row axis")),
      ]
    ),
  ]
}
