import Inference

/// Keys of a graph.
extension OwnTable {
  static let graph: [(name: String, fields: [Field])] = [
    (
      "graph",
      [
        Field("inputs", .group("tensor"), .repeated, .honoured("what a request brings")),
        Field("outputs", .group("tensor"), .repeated, .honoured("what an answer holds")),
        Field("max-in-flight", count, .honoured("asks under way of one step; 0 is any")),
        Field("steps", .group("step"), .repeated, .honoured("in any order; tensors tie them")),
      ]
    ),
    (
      "step",
      [
        Field("name", .text, .honoured("unique; the model's name without it")),
        Field(
          "model", .text, .honoured("asks one model: `name`, `name@alias` or `name@3`"),
          alternative: "work"),
        Field(
          "built-in", .choice(BuiltInStep.allCases.map(\.rawValue)),
          .honoured("work that the program does itself"), alternative: "work"),
        Field(
          "ensemble", .group("ensemble"), .honoured("asks several and combines their outputs"),
          alternative: "work"),
        Field(
          "switch", .group("switch"), .honoured("asks the model of a case"), alternative: "work"),
        Field("split", .number, .keyed, .honoured("asks one by weight"), alternative: "work"),
        Field(
          "settings", .tree("keys with plain values or lists"), .honoured("of a built-in step")),
        Field("inputs", .text, .keyed, .honoured("the step's input: the graph's tensor")),
        Field("outputs", .text, .keyed, .honoured("the step's output: the graph's tensor")),
        Field(
          "each", .text, .repeated,
          .honoured("tensors whose elements are asked for one by one, answers gathered")),
        Field("fallback", .text, .honoured("the model that is asked where the step fails")),
        Field("soft", .boolean, .honoured("a failure leaves the outputs out and fails no more")),
        Field("timeout", .duration, .honoured("of one ask")),
        Field("retries", .integer(0...100), .honoured("asks after a failed one")),
      ]
    ),
    (
      "ensemble",
      [
        Field("models", .text, .repeated, .honoured("asked with the same inputs")),
        Field(
          "combine", .choice(GraphDescription.Combination.allCases.map(\.rawValue)),
          .honoured("mean without it")),
        Field("weights", .number, .repeated, .honoured("for weighted, one for each model")),
      ]
    ),
    (
      "switch",
      [
        Field(
          "tensor", .text, .honoured("decides by the first element"), alternative: "selector"),
        Field("parameter", .text, .honoured("of the request decides"), alternative: "selector"),
        Field("cases", .text, .keyed, .honoured("a value and its model")),
        Field("otherwise", .text, .honoured("the model for every other value")),
      ]
    ),
  ]
}
