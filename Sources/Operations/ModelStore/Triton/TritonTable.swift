/// The fields of `config.pbtxt` by the public names and numbers of Triton's `ModelConfig`, and what
/// becomes of each; `ModelConfig.proto` beside this file has the same names and numbers.
enum TritonTable {
  typealias Field = ConfigurationField

  static let table = ConfigurationTable(
    groups: top + tensors + placement + optimization + scheduling + sequences + rest,
    root: "ModelConfig")

  static let datatypes = [
    "TYPE_INVALID", "TYPE_BOOL", "TYPE_UINT8", "TYPE_UINT16", "TYPE_UINT32", "TYPE_UINT64",
    "TYPE_INT8", "TYPE_INT16", "TYPE_INT32", "TYPE_INT64", "TYPE_FP16", "TYPE_FP32", "TYPE_FP64",
    "TYPE_STRING", "TYPE_BF16",
  ]

  // Ranges of the numbers that the message has, and of those that make sense.
  static let int32: Field.Kind = .integer(Int64(Int32.min)...Int64(Int32.max))
  static let int64: Field.Kind = .integer(Int64.min...Int64.max)
  static let count32: Field.Kind = .integer(0...Int64(Int32.max))
  static let uint32: Field.Kind = .integer(0...Int64(UInt32.max))
  /// Microseconds, of which a thousand times as many nanoseconds must be countable.
  static let microseconds: Field.Kind = .integer(0...(Int64.max / 1_000))
  static let length: Field.Kind = .integer(-1...Int64(Int32.max) * 1_024)
  static let datatype: Field.Kind = .choice(datatypes)

  /// What a group of honoured fields is said to be.
  static let whole: Field.Fate = .honoured("see its fields")

  private static let top: [(name: String, fields: [Field])] = [
    (
      "ModelConfig",
      [
        Field("name", 1, .text, .honoured("must be the directory's name, as with Triton")),
        Field("platform", 2, .text, .honoured("chooses the runtime; `ensemble` makes a graph")),
        Field("backend", 17, .text, .honoured("chooses the runtime")),
        Field("runtime", 25, .text, .warns("runtimes are named by platform or backend")),
        Field("version_policy", 3, .group("ModelVersionPolicy"), whole),
        Field(
          "max_batch_size", 4, count32,
          .honoured(
            "most rows of a run; shapes leave the row axis out; 0 means whole shapes and no joined "
              + "runs; not written, the model decides")),
        Field("input", 5, .group("ModelInput"), .repeated, whole),
        Field("output", 6, .group("ModelOutput"), .repeated, whole),
        Field(
          "batch_input", 20, .group("BatchInput"), .repeated,
          .stops("inputs made from a whole batch would be missing")),
        Field(
          "batch_output", 21, .group("BatchOutput"), .repeated,
          .stops("outputs would not be divided as it says")),
        Field("optimization", 12, .group("ModelOptimizationPolicy"), whole),
        Field(
          "dynamic_batching", 11, .group("ModelDynamicBatching"),
          .honoured("requests are joined as its fields say"), alternative: "scheduling_choice"),
        Field(
          "sequence_batching", 13, .group("ModelSequenceBatching"), whole,
          alternative: "scheduling_choice"),
        Field(
          "ensemble_scheduling", 15, .group("ModelEnsembling"),
          .honoured("the model is a graph of others"), alternative: "scheduling_choice"),
        Field("instance_group", 7, .group("ModelInstanceGroup"), .repeated, whole),
        Field(
          "default_model_filename", 8, .text,
          .honoured("the file or directory in the version's directory")),
        Field(
          "cc_model_filenames", 9, .text, .keyed,
          .warns("files by the compute capability of a GPU are not chosen between")),
        Field("metric_tags", 10, .text, .keyed, .warns("metrics have a closed set of labels")),
        Field(
          "parameters", 14, .group("ModelParameter"), .keyed,
          .honoured(
            "`intra_op_thread_count` is the threads of a run, `execute_delay_ms` the time of a run "
              + "of `identity`, `CUSTOM_INFER_DELAY_NS` and `CUSTOM_FAIL_COUNT` those of `square`; "
              + "others warn")),
        Field("model_warmup", 16, .group("ModelWarmup"), .repeated, whole),
        Field("model_operations", 18, .group("ModelOperations"), whole),
        Field("model_transaction_policy", 19, .group("ModelTransactionPolicy"), whole),
        Field("model_repository_agents", 23, .group("ModelRepositoryAgents"), whole),
        Field("response_cache", 24, .group("ModelResponseCache"), whole),
        Field(
          "model_metrics", 26, .group("ModelMetrics"),
          .warns("the buckets of histograms are the server's")),
      ]
    ),
    (
      "ModelVersionPolicy",
      [
        Field(
          "latest", 1, .group("Latest"), .honoured("the highest versions"),
          alternative: "policy_choice"),
        Field(
          "all", 2, .group("All"), .honoured("every version"), alternative: "policy_choice"),
        Field(
          "specific", 3, .group("Specific"), .honoured("these versions"),
          alternative: "policy_choice"),
      ]
    ),
    (
      "Latest",
      [Field("num_versions", 1, uint32, .honoured("how many; 1 where it is not written"))]
    ),
    ("All", []),
    (
      "Specific",
      [Field("versions", 1, .integer(1...Int64.max), .repeated, .honoured("each must be there"))]
    ),
  ]

  private static let tensors: [(name: String, fields: [Field])] = [
    (
      "ModelInput",
      [
        Field("name", 1, .text, .honoured("an input of the model")),
        Field("data_type", 2, datatype, .honoured("must be the model's own")),
        Field(
          "format", 3, .choice(["FORMAT_NONE", "FORMAT_NHWC", "FORMAT_NCHW"]),
          .honoured("asks for three lengths in dims; pixels follow the model's shape")),
        Field("dims", 4, length, .repeated, .honoured("must go with the model's own")),
        Field("reshape", 5, .group("ModelTensorReshape"), whole),
        Field("is_shape_tensor", 6, .boolean, .stops("only TensorRT has shape tensors")),
        Field(
          "allow_ragged_batch", 7, .boolean,
          .stops("requests of different shapes are joined by padding only (see model.yaml)")),
        Field("optional", 8, .boolean, .honoured("must be optional in the model, too")),
        Field(
          "is_non_linear_format_io", 9, .boolean, .stops("only TensorRT has such formats")),
      ]
    ),
    (
      "ModelOutput",
      [
        Field(
          "name", 1, .text,
          .honoured("an output of the model; one that is not listed is not given")),
        Field("data_type", 2, datatype, .honoured("must be the model's own")),
        Field("dims", 3, length, .repeated, .honoured("must go with the model's own")),
        Field("reshape", 5, .group("ModelTensorReshape"), whole),
        Field(
          "label_filename", 4, .text,
          .honoured("class names, one a line; of one file for the whole model")),
        Field("is_shape_tensor", 6, .boolean, .stops("only TensorRT has shape tensors")),
        Field(
          "is_non_linear_format_io", 7, .boolean, .stops("only TensorRT has such formats")),
      ]
    ),
    (
      "ModelTensorReshape",
      [
        Field(
          "shape", 1, length, .repeated,
          .honoured("the shape that the model sees; as many elements as dims"))
      ]
    ),
    (
      "BatchInput",
      [
        Field(
          "kind", 1,
          .choice([
            "BATCH_ELEMENT_COUNT", "BATCH_ACCUMULATED_ELEMENT_COUNT",
            "BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO", "BATCH_MAX_ELEMENT_COUNT_AS_SHAPE",
            "BATCH_ITEM_SHAPE", "BATCH_ITEM_SHAPE_FLATTEN",
          ]), .stops("see batch_input")),
        Field("target_name", 2, .text, .repeated, .stops("see batch_input")),
        Field("data_type", 3, datatype, .stops("see batch_input")),
        Field("source_input", 4, .text, .repeated, .stops("see batch_input")),
      ]
    ),
    (
      "BatchOutput",
      [
        Field("target_name", 1, .text, .repeated, .stops("see batch_output")),
        Field(
          "kind", 2, .choice(["BATCH_SCATTER_WITH_INPUT_SHAPE"]), .stops("see batch_output")),
        Field("source_input", 3, .text, .repeated, .stops("see batch_output")),
      ]
    ),
  ]
}
