/// Configurations as people write them, of our own making.
enum TritonSamples {
  static let whole = """
    # A detector behind a queue.
    name: "m"
    platform: "onnxruntime_onnx"
    max_batch_size: 16
    version_policy: { latest { num_versions: 2 } }
    input [
      {
        name: "images"
        data_type: TYPE_FP32
        format: FORMAT_NCHW
        dims: [ 3, 640, 640 ]
      },
      { name: "scale" data_type: TYPE_FP32 dims: [ 1 ] reshape { shape: [ ] } optional: true }
    ]
    output {
      name: "boxes"
      data_type: TYPE_FP32
      dims: [ -1, 4 ]
      label_filename: "labels.txt"
    }
    dynamic_batching {
      preferred_batch_size: [ 8, 4 ]
      preferred_batch_size: 16
      max_queue_delay_microseconds: 500
      preserve_ordering: true
      priority_levels: 3
      default_priority_level: 2
      default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 2000 }
      priority_queue_policy {
        key: 1
        value: { allow_timeout_override: true max_queue_size: 0x10 }
      }
    }
    instance_group [ { count: 2 kind: KIND_CPU } ]
    default_model_filename: "net.onnx"
    parameters { key: "intra_op_thread_count" value: { string_value: "2" } }
    model_warmup [ {
      name: "zeros" batch_size: 4 count: 3
      inputs { key: "images" value: { data_type: TYPE_FP32 dims: [3, 640, 640] zero_data: true } }
      inputs: {
        key: "scale"
        value: { data_type: TYPE_FP32 dims: 1 input_data_file: "scale.bin" }
      }
    } ]
    response_cache { enable: true }
    """

  static let sequence = """
    backend: "onnxruntime"
    max_batch_size: 8
    input { name: "INPUT" data_type: TYPE_INT32 dims: 1 }
    output { name: "OUTPUT" data_type: TYPE_INT32 dims: 1 }
    sequence_batching {
      max_sequence_idle_microseconds: 5000000
      oldest { max_candidate_sequences: 4 preferred_batch_size: [2, 4]
               max_queue_delay_microseconds: 100 preserve_ordering: true }
      control_input [
        { name: "START" control { kind: CONTROL_SEQUENCE_START int32_false_true: [0, 1] } },
        { name: "END" control { kind: CONTROL_SEQUENCE_END fp32_false_true: [-1, 1.5] } },
        { name: "READY" control { kind: CONTROL_SEQUENCE_READY bool_false_true: [false, true] } },
        { name: "CORRID" control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_UINT64 } }
      ]
      state { input_name: "STATE_IN" output_name: "STATE_OUT" data_type: TYPE_FP32 dims: [2]
        initial_state { name: "first" data_type: TYPE_FP32 dims: [2] data_file: "first.bin" } }
    }
    """

  static let ensemble = """
    platform: "ensemble"
    max_batch_size: 1
    input { name: "PHOTO" data_type: TYPE_UINT8 dims: [-1] }
    output { name: "CLASS" data_type: TYPE_FP32 dims: [1000] }
    ensemble_scheduling {
      step [
        { model_name: "decode" model_version: -1
          input_map { key: "in" value: "PHOTO" } output_map { key: "out" value: "pixels" } },
        { model_name: "classify" model_version: 3
          input_map { key: "x" value: "pixels" } output_map { key: "y" value: "CLASS" } }
      ]
      max_inflight_requests: 4
    }
    """
}
