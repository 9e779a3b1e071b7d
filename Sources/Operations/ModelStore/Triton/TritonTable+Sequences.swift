/// Fields of sequences, of warm-up and of what remains.
extension TritonTable {
  static let sequences: [(name: String, fields: [Field])] = [
    (
      "ModelSequenceBatching",
      [
        Field(
          "direct", .group("StrategyDirect"), .honoured("a sequence keeps its place")),
        Field(
          "oldest", .group("StrategyOldest"), .honoured("the oldest requests are joined")),
        Field(
          "max_sequence_idle_microseconds", microseconds,
          .honoured("a sequence is over after it; 1 s where it is not written")),
        Field("control_input", .group("ControlInput"), whole),
        Field("state", .group("State"), whole),
        Field(
          "iterative_sequence", .boolean,
          .honoured("each request is a sequence, which runs until the model has finished it")),
      ]
    ),
    (
      "ControlInput",
      [
        Field("name", .text, .honoured("an input that the server fills")),
        Field("control", .group("Control"), whole),
      ]
    ),
    (
      "Control",
      [
        Field(
          "kind",
          word, .honoured("what the input tells the model")),
        Field("int32_false_true", int32, .honoured("an INT32 input's two values")),
        Field("fp32_false_true", .number, .honoured("an FP32 input's two values")),
        Field("bool_false_true", .boolean, .honoured("a BOOL input's two values")),
        Field("data_type", datatype, .honoured("of a correlation id")),
      ]
    ),
    (
      "InitialState",
      [
        Field("data_type", datatype, .honoured("must be the state's")),
        Field("dims", length, .honoured("of the first value; none open")),
        Field("zero_data", .boolean, .honoured("zeros")),
        Field(
          "data_file", .text, .honoured("a file in the model's initial_state directory")),
        Field("name", .text, .honoured("names it to people")),
      ]
    ),
    (
      "State",
      [
        Field("input_name", .text, .honoured("the input that gets the value")),
        Field("output_name", .text, .honoured("the output that gives the next")),
        Field("data_type", datatype, .honoured("of both")),
        Field("dims", length, .honoured("of both, without the row axis")),
        Field(
          "initial_state", .group("InitialState"),
          .honoured("the first value; zeros where it is not written")),
        Field(
          "use_same_buffer_for_input_output", .boolean, .warns("each run has its own memory")),
        Field("use_growable_memory", .boolean, .warns("it only concerns GPUs")),
      ]
    ),
    (
      "StrategyDirect",
      [
        Field(
          "max_queue_delay_microseconds", microseconds,
          .honoured("how long a request may wait for others")),
        Field(
          "minimum_slot_utilization", .number,
          .honoured("share of the places that must be filled before the delay is over")),
      ]
    ),
    (
      "StrategyOldest",
      [
        Field(
          "max_candidate_sequences", .integer(0...1_000_000),
          .honoured("sequences that are under way at once, of each instance")),
        Field(
          "preferred_batch_size", .integer(1...Int64(Int32.max)),
          .honoured("rows at which a batch leaves at once")),
        Field(
          "max_queue_delay_microseconds", microseconds,
          .honoured("how long a request may wait for others")),
        Field(
          "preserve_ordering", .boolean, .honoured("answers leave in the order of requests")),
      ]
    ),
  ]

  static let rest: [(name: String, fields: [Field])] = [
    (
      "ModelParameter",
      [Field("string_value", .text, .honoured("the parameter's value"))]
    ),
    (
      "ModelWarmup",
      [
        Field("name", .text, .honoured("names it to people")),
        Field("batch_size", uint32, .honoured("rows of the request")),
        Field("inputs", .group("Input"), whole),
        Field("count", uint32, .honoured("how often it is asked; 1 where it is not written")),
      ]
    ),
    (
      "Input",
      [
        Field("data_type", datatype, .honoured("of the input")),
        Field("dims", .integer(0...Int64(Int32.max)), .honoured("none open")),
        Field("zero_data", .boolean, .honoured("zeros")),
        Field(
          "random_data", .boolean, .honoured("random numbers")),
        Field(
          "input_data_file", .text, .honoured("a file in the model's warmup directory")),
      ]
    ),
    (
      "ModelOperations",
      [
        Field(
          "op_library_filename", .text,
          .stops("libraries of own operators are not loaded"))
      ]
    ),
    (
      "ModelTransactionPolicy",
      [
        Field(
          "decoupled", .boolean,
          .honoured("a request may have any number of answers; `infer` refuses the model"))
      ]
    ),
    (
      "ModelRepositoryAgents",
      [
        Field(
          "agents", .group("Agent"),
          .stops("what an agent checks or changes would not be checked or changed"))
      ]
    ),
    (
      "Agent",
      [
        Field("name", .text, .stops("see agents")),
        Field("parameters", .text, .stops("see agents")),
      ]
    ),
    (
      "ModelResponseCache",
      [Field("enable", .boolean, .honoured("answers of equal requests are kept"))]
    ),
    (
      "ModelMetrics",
      [
        Field("metric_control", .group("MetricControl"), .warns("see model_metrics"))
      ]
    ),
    (
      "MetricControl",
      [
        Field("metric_identifier", .group("MetricIdentifier"), .warns("see model_metrics")),
        Field("histogram_options", .group("HistogramOptions"), .warns("see model_metrics")),
      ]
    ),
    ("MetricIdentifier", [Field("family", .text, .warns("see model_metrics"))]),
    (
      "HistogramOptions", [Field("buckets", .number, .warns("see model_metrics"))]
    ),
  ]
}
