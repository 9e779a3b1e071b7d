/// A value that a client may set beside its tensors.
package enum ParameterValue: Sendable, Hashable {
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case string(String)
}

/// A named value beside the tensors of a request.
package struct Parameter: Sendable, Hashable {
  package let name: String
  package let value: ParameterValue

  package init(name: String, value: ParameterValue) {
    self.name = name
    self.value = value
  }
}

/// What is to be computed from tensors.
package struct TensorRequest: Sendable {
  /// One place for each input of the model's signature, in its order; `nil` where an optional input
  /// was left out. The decoder has checked datatypes, shapes and byte counts.
  package var inputs: [Tensor?]
  /// Places of the outputs that are wanted, in the order of the answer; empty means all but those that
  /// are given on request.
  package var outputs: [Int]
  package var parameters: [Parameter]
  /// Where outputs of known size are to be written; `nil` means pooled memory.
  package var outputMemory: (any TensorMemory)?
  /// Which method is asked, whose inputs and outputs those are; 0 is the model itself.
  package var method = 0

  package init(
    inputs: [Tensor?], outputs: [Int] = [], parameters: [Parameter] = [],
    outputMemory: (any TensorMemory)? = nil
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.parameters = parameters
    self.outputMemory = outputMemory
  }

  /// Bytes of all inputs.
  package var byteCount: Int { inputs.reduce(0) { $0 + ($1?.byteCount ?? 0) } }
}

/// What is to be generated from a prompt.
package struct GenerationRequest: Sendable {
  package var prompt: String
  package var sampling: Sampling

  /// How tokens are chosen.
  package struct Sampling: Sendable {
    /// 0 is greedy.
    package var temperature: Double
    package var tokensMax: Int
    package var seed: UInt64?

    package init(temperature: Double, tokensMax: Int, seed: UInt64? = nil) {
      self.temperature = temperature
      self.tokensMax = tokensMax
      self.seed = seed
    }
  }

  package init(prompt: String, sampling: Sampling) {
    self.prompt = prompt
    self.sampling = sampling
  }
}

/// One request at the door.
package struct InferenceRequest: Sendable {
  package enum Body: Sendable {
    case tensors(TensorRequest)
    case generation(GenerationRequest)
  }

  package var context: RequestContext
  package var body: Body

  package init(context: RequestContext, body: Body) {
    self.context = context
    self.body = body
  }
}

/// Memory that a caller offers for outputs, so that the runtime writes where the answer leaves from.
package protocol TensorMemory: Sendable {
  /// Storage of exactly `byteCount` bytes for the output at that place of the signature; at least
  /// 64-byte aligned. Called on the thread that runs the model, at most once per output.
  func storage(forOutput index: Int, byteCount: Int) -> TensorStorage
}

/// Pooled memory; what is used where a caller offers none.
package struct PooledMemory: TensorMemory {
  package init() {}

  package func storage(forOutput index: Int, byteCount: Int) -> TensorStorage {
    TensorStorage(byteCount: byteCount)
  }
}
