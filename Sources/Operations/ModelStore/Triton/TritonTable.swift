import WireFormats

/// The fields of `config.pbtxt` by the public names of Triton's `ModelConfig`, and what becomes of
/// each. Their numbers, how often each may come, what is a choice and between which words, are those
/// of the message's one schema, which is in `WireFormats`.
enum TritonTable {
  typealias Field = ConfigurationField

  static let table = ConfigurationTable(
    groups: (top + tensors + placement + optimization + scheduling + sequences + rest).map {
      ($0.name, completed($0.fields, of: $0.name))
    }, root: "ModelConfig")

  /// Names of the message's datatypes.
  static let datatypes = ModelConfigSchema.words(ofEnumeration: "DataType")

  // Ranges of the numbers that the message has, and of those that make sense.
  static let int32: Field.Kind = .integer(Int64(Int32.min)...Int64(Int32.max))
  static let int64: Field.Kind = .integer(Int64.min...Int64.max)
  static let count32: Field.Kind = .integer(0...Int64(Int32.max))
  static let uint32: Field.Kind = .integer(0...Int64(UInt32.max))
  /// Microseconds, of which a thousand times as many nanoseconds must be countable.
  static let microseconds: Field.Kind = .integer(0...(Int64.max / 1_000))
  static let length: Field.Kind = .integer(-1...Int64(Int32.max) * 1_024)
  static let datatype: Field.Kind = word
  /// One of the words that the message has for the field.
  static let word: Field.Kind = .choice([])

  /// What a group of honoured fields is said to be.
  static let whole: Field.Fate = .honoured("see its fields")

  private static let top: [(name: String, fields: [Field])] = [
    (
      "ModelConfig",
      [
        Field("name", .text, .honoured("must be the directory's name, as with Triton")),
        Field("platform", .text, .honoured("chooses the runtime; `ensemble` makes a graph")),
        Field("backend", .text, .honoured("chooses the runtime")),
        Field("runtime", .text, .warns("runtimes are named by platform or backend")),
        Field("version_policy", .group("ModelVersionPolicy"), whole),
        Field(
          "max_batch_size", count32,
          .honoured(
            "most rows of a run; shapes leave the row axis out; 0 means whole shapes and no joined "
              + "runs; not written, the model decides")),
        Field("input", .group("ModelInput"), whole),
        Field("output", .group("ModelOutput"), whole),
        Field(
          "batch_input", .group("BatchInput"),
          .stops("inputs made from a whole batch would be missing")),
        Field(
          "batch_output", .group("BatchOutput"),
          .stops("outputs would not be divided as it says")),
        Field("optimization", .group("ModelOptimizationPolicy"), whole),
        Field(
          "dynamic_batching", .group("ModelDynamicBatching"),
          .honoured("requests are joined as its fields say")),
        Field(
          "sequence_batching", .group("ModelSequenceBatching"), whole),
        Field(
          "ensemble_scheduling", .group("ModelEnsembling"),
          .honoured("the model is a graph of others")),
        Field("instance_group", .group("ModelInstanceGroup"), whole),
        Field(
          "default_model_filename", .text,
          .honoured("the file or directory in the version's directory")),
        Field(
          "cc_model_filenames", .text,
          .warns("files by the compute capability of a GPU are not chosen between")),
        Field("metric_tags", .text, .warns("metrics have a closed set of labels")),
        Field(
          "parameters", .group("ModelParameter"),
          .honoured(
            "`intra_op_thread_count` is the threads of a run, `execute_delay_ms` the time of a run "
              + "of `identity`, `CUSTOM_INFER_DELAY_NS` and `CUSTOM_FAIL_COUNT` those of `square`, "
              + "`model_type`, `predict_proba`, `output_class` and `threshold` those of `fil`; "
              + "those of models in Python reach the model, but for `EXECUTION_ENV_PATH`, which is its "
              + "interpreter's environment; others warn")),
        Field("model_warmup", .group("ModelWarmup"), whole),
        Field("model_operations", .group("ModelOperations"), whole),
        Field("model_transaction_policy", .group("ModelTransactionPolicy"), whole),
        Field("model_repository_agents", .group("ModelRepositoryAgents"), whole),
        Field("response_cache", .group("ModelResponseCache"), whole),
        Field(
          "model_metrics", .group("ModelMetrics"),
          .warns("the buckets of histograms are the server's")),
      ]
    ),
    (
      "ModelVersionPolicy",
      [
        Field(
          "latest", .group("Latest"), .honoured("the highest versions")),
        Field(
          "all", .group("All"), .honoured("every version")),
        Field(
          "specific", .group("Specific"), .honoured("these versions")),
      ]
    ),
    (
      "Latest",
      [Field("num_versions", uint32, .honoured("how many; 1 where it is not written"))]
    ),
    ("All", []),
    (
      "Specific",
      [Field("versions", .integer(1...Int64.max), .honoured("each must be there"))]
    ),
  ]

  private static let tensors: [(name: String, fields: [Field])] = [
    (
      "ModelInput",
      [
        Field("name", .text, .honoured("an input of the model")),
        Field("data_type", datatype, .honoured("must be the model's own")),
        Field(
          "format", word,
          .honoured("asks for three lengths in dims; pixels follow the model's shape")),
        Field("dims", length, .honoured("must go with the model's own")),
        Field("reshape", .group("ModelTensorReshape"), whole),
        Field("is_shape_tensor", .boolean, .stops("only TensorRT has shape tensors")),
        Field(
          "allow_ragged_batch", .boolean,
          .stops("requests of different shapes are joined by padding only (see model.yaml)")),
        Field("optional", .boolean, .honoured("must be optional in the model, too")),
        Field(
          "is_non_linear_format_io", .boolean, .stops("only TensorRT has such formats")),
      ]
    ),
    (
      "ModelOutput",
      [
        Field(
          "name", .text,
          .honoured("an output of the model; one that is not listed is not given")),
        Field("data_type", datatype, .honoured("must be the model's own")),
        Field("dims", length, .honoured("must go with the model's own")),
        Field("reshape", .group("ModelTensorReshape"), whole),
        Field(
          "label_filename", .text,
          .honoured("class names, one a line; of one file for the whole model")),
        Field("is_shape_tensor", .boolean, .stops("only TensorRT has shape tensors")),
        Field(
          "is_non_linear_format_io", .boolean, .stops("only TensorRT has such formats")),
      ]
    ),
    (
      "ModelTensorReshape",
      [
        Field(
          "shape", length,
          .honoured("the shape that the model sees; as many elements as dims"))
      ]
    ),
    (
      "BatchInput",
      [
        Field(
          "kind",
          word, .stops("see batch_input")),
        Field("target_name", .text, .stops("see batch_input")),
        Field("data_type", datatype, .stops("see batch_input")),
        Field("source_input", .text, .stops("see batch_input")),
      ]
    ),
    (
      "BatchOutput",
      [
        Field("target_name", .text, .stops("see batch_output")),
        Field(
          "kind", word, .stops("see batch_output")),
        Field("source_input", .text, .stops("see batch_output")),
      ]
    ),
  ]
}

// MARK: - What the schema says

extension TritonTable {
  /// The fields with what the message's schema has of them. One that it has not is a programmer's
  /// error, as is one of its that is missing here.
  private static func completed(_ fields: [Field], of group: String) -> [Field] {
    let message = ModelConfigSchema.fields(ofMessage: group)
    precondition(fields.count == message.count, "\(group) has other fields in its schema")
    return fields.map { field in
      guard let said = message.first(where: { $0.name == field.name }) else {
        preconditionFailure("\(group) has no field \(field.name) in its schema")
      }
      let arity: Field.Arity = said.isKeyed ? .keyed : said.isRepeated ? .repeated : .single
      let kind = field.kind == word ? .choice(said.words) : field.kind
      return Field(
        field.name, said.number, kind, arity, field.fate, alternative: said.choice)
    }
  }
}
