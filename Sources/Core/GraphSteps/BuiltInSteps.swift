package import Inference

/// All built-in steps of graphs: what they take and give, and how they are made.
package enum BuiltInSteps {
  /// Makes a step from its settings; throws a sentence where they are wrong.
  package static func make(
    _ step: BuiltInStep, settings: [String: [String]]
  ) throws(BuiltInProblem) -> any BuiltInWork {
    let settings = try StepSettings(step, settings, known: page(of: step).settings.map(\.name))
    switch step {
    case .decode: return DecodeStep()
    case .letterbox: return PlacingStep(form: try StepForm(settings), placing: .letterbox)
    case .resize: return PlacingStep(form: try StepForm(settings), placing: try .resize(settings))
    case .crop: return CropStep(form: try StepForm(settings))
    case .suppression: return try SuppressionStep(settings)
    case .topK: return TopKStep(count: try settings.integer("k", in: 1...100_000) ?? 5)
    case .text: return try TextStep(settings)
    case .normalise: return try NormaliseStep(settings)
    case .scaler:
      return ScalerStep(
        factor: try settings.number("factor") ?? 1, offset: try settings.number("offset") ?? 0)
    }
  }

  /// What the reference page says of a step.
  struct Page: Sendable {
    let does: String
    let inputs: String
    let outputs: String
    let settings: [(name: String, does: String)]
  }

  private static let form: [(name: String, does: String)] = [
    ("size", "width and height, or one number for both; 640"),
    ("datatype", "FP32 (0 to 1, normalised), FP16 (likewise) or UINT8 (0 to 255); FP32"),
    ("layout", "nchw or nhwc; nchw"), ("channels", "3, or 1 for grey; 3"),
    ("mean", "of each channel, in units of 0 to 1; 0"), ("deviation", "likewise; 1"),
    ("filter", "pillow or opencv; pillow"),
  ]

  static func page(of step: BuiltInStep) -> Page {
    switch step {
    case .decode:
      Page(
        does: "decodes one JPEG, PNG or WebP, turned as its EXIF orientation says",
        inputs: "`image` BYTES, one element", outputs: "`pixels` UINT8 [height, width, 3]",
        settings: [])
    case .letterbox:
      Page(
        does: "resizes the whole photo as large as it fits, centred on grey",
        inputs: "`pixels` UINT8 [height, width, 3]",
        outputs: "`tensor` [1, 3, height, width], `placement` FP32 [8]", settings: form)
    case .resize:
      Page(
        does: "resizes the photo to fill the size, or its middle",
        inputs: "`pixels` UINT8 [height, width, 3]",
        outputs: "`tensor` [1, 3, height, width], `placement` FP32 [8]",
        settings: form + [
          (
            "fraction",
            "the middle: what the size covers of the resized photo's shorter side, above 0 to 1; "
              + "without it the whole photo is stretched"
          )
        ])
    case .crop:
      Page(
        does: "cuts a part out of the photo for each box and stretches it to the size",
        inputs: "`pixels` UINT8 [height, width, 3], `boxes` FP32 [n, 4] (x1, y1, x2, y2 in pixels)",
        outputs: "`crops` [n, 3, height, width]", settings: form)
    case .suppression:
      Page(
        does: "reads a YOLO detector's output and drops boxes that overlap better ones",
        inputs: "`output` FP32 or FP16 [1, a, b], `placement` (optional) FP32 [8]",
        outputs:
          "`boxes` FP32 [n, 4] (in pixels of the photo with `placement`, else of the input), "
          + "`scores` FP32 [n], `classes` INT64 [n]",
        settings: [
          ("confidence", "scores at or below it are dropped; 0.25"),
          ("iou", "overlap above which the lower score is dropped; 0.45"),
          ("max", "at most so many boxes; 300"),
          ("classes", "how many the model has, where its output does not tell"),
          ("size", "of the model's input, where there is no `placement`; 640"),
        ])
    case .topK:
      Page(
        does: "gives the largest values along the last axis and their places",
        inputs: "`values` of any number",
        outputs: "`values` FP32 [..., k], `indices` INT64 [..., k]",
        settings: [("k", "how many; 5")])
    case .text:
      Page(
        does: "changes texts without a tokeniser, in the order of `do`",
        inputs: "`text` BYTES", outputs: "`text` BYTES",
        settings: [
          ("do", "any of strip, lower, upper, collapse (white space to one blank)"),
          ("prefix", "put before each text"), ("suffix", "put after each text"),
          ("characters-max", "longer texts are cut, before prefix and suffix"),
        ])
    case .normalise:
      Page(
        does: "(value * scale - mean) / deviation for each channel",
        inputs: "`values` of any number", outputs: "`values` FP32 of the same shape",
        settings: [
          ("mean", "of each channel, or one for all; 0"), ("deviation", "likewise; 1"),
          ("scale", "1"), ("axis", "of the channels, negative from the end; -1"),
        ])
    case .scaler:
      Page(
        does: "value * factor + offset", inputs: "`values` of any number",
        outputs: "`values` FP32 of the same shape", settings: [("factor", "1"), ("offset", "0")])
    }
  }

  /// The reference page `docs/operating/graph-steps.md`.
  package static func markdown() -> String {
    var text = """
      # Built-in steps of graphs

      Generated from the table in `Sources/Core/GraphSteps`; do not edit.

      What a step of a graph can do without a model: `built-in: letterbox` in `model.yaml`, its
      settings under `settings`. Each takes one photo or one set of tensors; `each` in the graph makes
      it several. They run on worker threads of their own, never on an event loop.

      | Built-in | Does | Inputs | Outputs | Settings |
      |---|---|---|---|---|

      """
    for step in BuiltInStep.allCases {
      let page = page(of: step)
      let settings = page.settings.map { "`\($0.name)`: \($0.does)" }.joined(separator: "<br>")
      let columns = ["`\(step.rawValue)`", page.does, page.inputs, page.outputs, settings]
      text += "| " + columns.joined(separator: " | ") + " |\n"
    }
    return text
  }
}
