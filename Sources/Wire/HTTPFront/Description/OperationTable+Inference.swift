import Inference
import WireFormats

extension OperationTable {
  private var ofInference: Set<FailureKind> {
    named.union(DescribedFailures.ofInference)
  }

  // MARK: Open Inference Protocol, generate, vision

  func inference(_ endpoint: Endpoint) -> DescribedOperation {
    switch endpoint {
    case .generate:
      Operation(
        body: [generateBody],
        answers: [.init(text: "The outputs.", contents: [.json("GenerateAnswer")])],
        failures: ofInference)
    case .generateStream:
      Operation(
        body: [generateBody],
        answers: [
          .init(
            text: "An event for each answer.", contents: [.bytes("text/event-stream", "Events")])
        ], failures: ofInference)
    case .detect: photoOperation("Detections", [.bytes("image/jpeg", "Photo")], Self.ofDetection)
    case .classify: photoOperation("Classes", [], Self.ofClassification)
    case .modelMethod:
      Operation(
        body: [.json(of: [:]), .bytes("application/octet-stream")],
        answers: [.init(text: "What the method gives.", contents: Self.ofAnyMethod)],
        failures: ofInference.union([.pathUnknown]))
    default: infer
    }
  }

  private static let ofAnyMethod: [Content] = [
    .json(of: [:]), .bytes("application/octet-stream"), .bytes("text/event-stream", "Events"),
  ]

  /// One method of one model, by its annotations.
  func modelMethod(_ method: ModelMethod, of model: DescribedModel) -> Operation {
    let schemas = MethodSchemas(method, of: model)
    let contents = schemas.answers.map { mediaType, schema -> Content in
      if let schema { return Content.json(of: schema) }
      return mediaType == "text/plain" ? .text(mediaType) : .bytes(mediaType)
    }
    let events = [Content.bytes("text/event-stream", "Events")]
    return Operation(
      body: [
        .json(of: schemas.body, examples: schemas.example), .bytes("application/octet-stream"),
      ], isBodyRequired: schemas.needsBody,
      answers: [
        .init(text: "What the method gives.", contents: model.isDecoupled ? events : contents)
      ], failures: ofInference)
  }

  private var infer: Operation {
    let schema = scope.selected.map {
      SignatureSchemas($0).infer(hasRegions: scope.hasClientMemory)
    }
    let answer = scope.selected.map { SignatureSchemas($0).inferAnswer }
    return Operation(
      body: [
        .json(of: schema ?? ElementSchemas.reference("Infer"), examples: examples { $0.infer }),
        .bytes("application/octet-stream"),
      ],
      answers: [
        .init(
          text: "The outputs; with binary ones, the header says how long the JSON is.",
          contents: [
            .json(of: answer ?? ElementSchemas.reference("InferAnswer")),
            .bytes("application/octet-stream"),
          ],
          headers: [.init("Inference-Header-Content-Length", ["schema": ["type": "integer"]])])
      ], failures: ofInference)
  }

  private var generateBody: Content {
    let schema = scope.selected.map { SignatureSchemas($0).generate }
    return .json(
      of: schema ?? ElementSchemas.reference("Generate"), examples: examples { $0.generate })
  }

  /// A photo by itself, in a form, or in JSON.
  private func photoOperation(
    _ schema: String, _ others: [Content], _ parameters: [JSONValue.Member]
  ) -> Operation {
    let photo = ElementSchemas.reference("Photo")
    // Text is taken as in a query, too.
    let loose = parameters.map {
      JSONValue.Member($0.key, ["anyOf": [$0.value, ["type": ["string", "integer"]]]])
    }
    let form = ElementSchemas.object([.init("image", photo)] + loose, required: ["image"])
      .adding("additionalProperties", false)
    let members = ElementSchemas.object(loose, required: [])
      .adding("additionalProperties", false)
    let json = ElementSchemas.object(
      [.init("image", ElementSchemas.reference("PhotoText")), .init("parameters", members)],
      required: ["image"]
    ).adding("additionalProperties", false)
    return Operation(
      parameters: parameters.map {
        Operation.parameter($0.key, in: "query", $0.value, "As in the body, which wins.")
      },
      body: [
        .json(of: json, examples: [.init("photo", ["image": SignatureExamples.photo])]),
        .bytes("image/jpeg", "Photo"), .bytes("image/png", "Photo"), .bytes("image/webp", "Photo"),
        Content(mediaType: "multipart/form-data", schema: form),
      ],
      answers: [.init(text: "What was found.", contents: [.json(schema)] + others)],
      failures: ofInference)
  }

  private static let fraction: JSONValue = ["type": "number", "minimum": 0, "maximum": 1]
  private static let ofDetection: [JSONValue.Member] = [
    .init("confidence", fraction), .init("iou", fraction),
    .init("max_detections", ["type": "integer", "minimum": 1, "maximum": 3000]),
    .init("multi_label", ["type": "boolean"]),
  ]
  private static let ofClassification: [JSONValue.Member] = [
    .init("top", ["type": "integer", "minimum": 1, "maximum": 1000])
  ]

  // MARK: Dialects

  func dialect(_ endpoint: Endpoint) -> DescribedOperation {
    switch endpoint {
    case .v1Explain, .explanations:
      return Operation(
        body: [.json(of: [:], examples: examples { $0.instances })],
        answers: [
          .init(
            text: "What each column of each row adds.", contents: [.json(of: ["type": "object"])])
        ], failures: ofInference.union([.notImplemented]))
    case .v1Predict: return predict
    case .v1Classify, .v1Regress:
      return Operation(
        body: [.json("Examples", examples: examples { $0.examples })],
        answers: [.init(text: "The results.", contents: [.json("Result")])], failures: ofInference)
    case .invocations, .modelInvoke: return invocations(endpoint)
    default: return plain(endpoint)
    }
  }

  /// The only model that an address can mean, where there is one.
  private func model(of endpoint: Endpoint) -> DescribedModel? {
    switch endpoint {
    case .invocations, .predict, .vertexPredict: scope.defaultModel
    default: scope.selected
    }
  }

  private var predict: Operation {
    let schema = scope.selected.map { SignatureSchemas($0).predict }
    let columns = examples { $0.inputs }.map { JSONValue.Member($0.key + ", columns", $0.value) }
    return Operation(
      body: [
        .json(
          of: schema ?? ElementSchemas.reference("Predict"),
          examples: examples { $0.instances } + columns),
        .bytes("application/cloudevents+json", "CloudEvent"),
      ],
      answers: [
        .init(
          text: "The outputs, or what was found in photos.",
          contents: [
            .json("Predictions"),
            .bytes("application/cloudevents+json", "CloudEventAnswer"),
          ])
      ], failures: ofInference)
  }

  private static let csv = Content(
    mediaType: "text/csv", schema: ["type": "string", "minLength": 1])

  private func invocations(_ endpoint: Endpoint) -> Operation {
    let examples = examples(of: endpoint) { $0.instances }
    return Operation(
      body: [.json("Invocations", examples: examples), Self.csv]
        + [.bytes("application/x-npy")] + photos(for: model(of: endpoint)),
      answers: [
        .init(
          text: "The outputs, in the form of the request.",
          contents: [
            .json(of: ["type": "object"]), .text("text/csv"),
            .bytes("application/vnd.sagemaker-triton.binary+json"),
            .bytes("application/octet-stream"),
          ])
      ], failures: ofInference)
  }

  /// Where nothing says what the body is: a photo, or JSON of several forms.
  private func plain(_ endpoint: Endpoint) -> Operation {
    let schema = model(of: endpoint).map { SignatureSchemas($0).plain }
    return Operation(
      body: [
        .json(of: schema ?? [:], examples: examples(of: endpoint) { $0.plain })
      ]
        + photos(for: model(of: endpoint)),
      answers: [
        .init(
          text: "The outputs, or what was found; bytes where binary tensors are asked for.",
          contents: [.json(of: [:]), .bytes("application/octet-stream")])
      ],
      failures: ofInference)
  }

  private func examples(
    of endpoint: Endpoint, _ make: (SignatureExamples) -> JSONValue?
  ) -> [JSONValue.Member] {
    guard let model = model(of: endpoint) else { return examples(make) }
    return make(SignatureExamples(model)).map { [.init(model.name, $0)] } ?? []
  }

  private func photos(for model: DescribedModel?) -> [Content] {
    guard model?.takesPhotos ?? scope.mayHave({ $0.takesPhotos }) else { return [] }
    let form = ElementSchemas.object(
      [.init("image", ElementSchemas.reference("Photo"))], required: ["image"])
    return [
      .bytes("image/jpeg", "Photo"), .bytes("image/png", "Photo"),
      Content(mediaType: "multipart/form-data", schema: form),
    ]
  }
}
