/// Fields of sequences, of warm-up and of what remains.
extension TritonTable {
  static let sequences: [(name: String, fields: [Field])] = [
    (
      "ModelSequenceBatching",
      [
        Field(
          "direct", 3, .group("StrategyDirect"), .honoured("a sequence keeps its place"),
          alternative: "strategy_choice"),
        Field(
          "oldest", 4, .group("StrategyOldest"), .honoured("the oldest requests are joined"),
          alternative: "strategy_choice"),
        Field(
          "max_sequence_idle_microseconds", 1, microseconds,
          .honoured("a sequence is over after it; 1 s where it is not written")),
        Field("control_input", 2, .group("ControlInput"), .repeated, whole),
        Field("state", 5, .group("State"), .repeated, whole),
        Field(
          "iterative_sequence", 6, .boolean,
          .honoured("each request is a sequence, which runs until the model has finished it")),
      ]
    ),
    (
      "ControlInput",
      [
        Field("name", 1, .text, .honoured("an input that the server fills")),
        Field("control", 2, .group("Control"), .repeated, whole),
      ]
    ),
    (
      "Control",
      [
        Field(
          "kind", 1,
          .choice([
            "CONTROL_SEQUENCE_START", "CONTROL_SEQUENCE_READY", "CONTROL_SEQUENCE_END",
            "CONTROL_SEQUENCE_CORRID",
          ]), .honoured("what the input tells the model")),
        Field("int32_false_true", 2, int32, .repeated, .honoured("an INT32 input's two values")),
        Field("fp32_false_true", 3, .number, .repeated, .honoured("an FP32 input's two values")),
        Field("bool_false_true", 5, .boolean, .repeated, .honoured("a BOOL input's two values")),
        Field("data_type", 4, datatype, .honoured("of a correlation id")),
      ]
    ),
    (
      "InitialState",
      [
        Field("data_type", 1, datatype, .honoured("must be the state's")),
        Field("dims", 2, length, .repeated, .honoured("of the first value; none open")),
        Field("zero_data", 3, .boolean, .honoured("zeros"), alternative: "state_data"),
        Field(
          "data_file", 4, .text, .honoured("a file in the model's initial_state directory"),
          alternative: "state_data"),
        Field("name", 5, .text, .honoured("names it to people")),
      ]
    ),
    (
      "State",
      [
        Field("input_name", 1, .text, .honoured("the input that gets the value")),
        Field("output_name", 2, .text, .honoured("the output that gives the next")),
        Field("data_type", 3, datatype, .honoured("of both")),
        Field("dims", 4, length, .repeated, .honoured("of both, without the row axis")),
        Field(
          "initial_state", 5, .group("InitialState"), .repeated,
          .honoured("the first value; zeros where it is not written")),
        Field(
          "use_same_buffer_for_input_output", 6, .boolean, .warns("each run has its own memory")),
        Field("use_growable_memory", 7, .boolean, .warns("it only concerns GPUs")),
      ]
    ),
    (
      "StrategyDirect",
      [
        Field(
          "max_queue_delay_microseconds", 1, microseconds,
          .honoured("how long a request may wait for others")),
        Field(
          "minimum_slot_utilization", 2, .number,
          .honoured("share of the places that must be filled before the delay is over")),
      ]
    ),
    (
      "StrategyOldest",
      [
        Field(
          "max_candidate_sequences", 1, .integer(0...1_000_000),
          .honoured("sequences that are under way at once, of each instance")),
        Field(
          "preferred_batch_size", 2, .integer(1...Int64(Int32.max)), .repeated,
          .honoured("rows at which a batch leaves at once")),
        Field(
          "max_queue_delay_microseconds", 3, microseconds,
          .honoured("how long a request may wait for others")),
        Field(
          "preserve_ordering", 4, .boolean, .honoured("answers leave in the order of requests")),
      ]
    ),
  ]

  static let rest: [(name: String, fields: [Field])] = [
    (
      "ModelParameter",
      [Field("string_value", 1, .text, .honoured("the parameter's value"))]
    ),
    (
      "ModelWarmup",
      [
        Field("name", 1, .text, .honoured("names it to people")),
        Field("batch_size", 2, uint32, .honoured("rows of the request")),
        Field("inputs", 3, .group("Input"), .keyed, whole),
        Field("count", 4, uint32, .honoured("how often it is asked; 1 where it is not written")),
      ]
    ),
    (
      "Input",
      [
        Field("data_type", 1, datatype, .honoured("of the input")),
        Field("dims", 2, .integer(0...Int64(Int32.max)), .repeated, .honoured("none open")),
        Field("zero_data", 3, .boolean, .honoured("zeros"), alternative: "input_data_type"),
        Field(
          "random_data", 4, .boolean, .honoured("random numbers"), alternative: "input_data_type"),
        Field(
          "input_data_file", 5, .text, .honoured("a file in the model's warmup directory"),
          alternative: "input_data_type"),
      ]
    ),
    (
      "ModelOperations",
      [
        Field(
          "op_library_filename", 1, .text, .repeated,
          .stops("libraries of own operators are not loaded"))
      ]
    ),
    (
      "ModelTransactionPolicy",
      [
        Field(
          "decoupled", 1, .boolean,
          .honoured("a request may have any number of answers; `infer` refuses the model"))
      ]
    ),
    (
      "ModelRepositoryAgents",
      [
        Field(
          "agents", 1, .group("Agent"), .repeated,
          .stops("what an agent checks or changes would not be checked or changed"))
      ]
    ),
    (
      "Agent",
      [
        Field("name", 1, .text, .stops("see agents")),
        Field("parameters", 2, .text, .keyed, .stops("see agents")),
      ]
    ),
    (
      "ModelResponseCache",
      [Field("enable", 1, .boolean, .honoured("answers of equal requests are kept"))]
    ),
    (
      "ModelMetrics",
      [
        Field("metric_control", 1, .group("MetricControl"), .repeated, .warns("see model_metrics"))
      ]
    ),
    (
      "MetricControl",
      [
        Field("metric_identifier", 1, .group("MetricIdentifier"), .warns("see model_metrics")),
        Field("histogram_options", 2, .group("HistogramOptions"), .warns("see model_metrics")),
      ]
    ),
    ("MetricIdentifier", [Field("family", 1, .text, .warns("see model_metrics"))]),
    (
      "HistogramOptions", [Field("buckets", 1, .number, .repeated, .warns("see model_metrics"))]
    ),
  ]
}
