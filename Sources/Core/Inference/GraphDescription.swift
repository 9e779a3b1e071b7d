/// A model that is made of others: steps between whose inputs and outputs tensors pass by name.
///
/// Plain values, as `ensemble_scheduling` and the `graph` of a `model.yaml` give them; which steps
/// can run together follows from the tensors alone, not from the order here.
package struct GraphDescription: Sendable, Equatable {
  /// What a request brings; lengths without the row axis, where there is one.
  package var inputs: [DeclaredTensor]
  /// What an answer holds.
  package var outputs: [DeclaredTensor]
  package var steps: [Step]
  /// Requests of one step that may be under way for one request; 0 for no bound
  /// (`max_inflight_requests`).
  package var inFlightRequestsMax: Int

  /// Steps of one graph; more are refused where it is read.
  package static let stepCountMax = 1_024

  package init(
    inputs: [DeclaredTensor], outputs: [DeclaredTensor], steps: [Step],
    inFlightRequestsMax: Int = 0
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.steps = steps
    self.inFlightRequestsMax = inFlightRequestsMax
  }

  /// A tensor of a step and the tensor of the graph that it is bound to.
  package struct Binding: Sendable, Equatable {
    /// The name that the step's model gives it.
    package var port: String
    /// The name that it has between the steps.
    package var tensor: String

    package init(port: String, tensor: String) {
      self.port = port
      self.tensor = tensor
    }
  }

  /// One step: what is asked, with what, and what becomes of a failure.
  package struct Step: Sendable, Equatable {
    /// Unique in the graph.
    package var name: String
    package var work: Work
    package var inputs: [Binding]
    package var outputs: [Binding]
    /// Tensors of the graph, among the inputs, whose axis 0 is taken apart: the work is asked once
    /// for each element, and its outputs are gathered along a new axis 0. Empty asks once.
    package var each: [String]
    /// Asked with the same inputs where the work fails.
    package var fallback: ModelAddress?
    /// A failure of the step leaves its outputs out and fails nothing else.
    package var isSoft: Bool
    /// 0 for none of its own.
    package var timeoutNanoseconds: UInt64
    /// How often a failed ask is tried again before the fallback.
    package var retryCount: Int
    /// Line of the file that it was read from, for messages; 0 where there is none.
    package var line: Int

    package init(
      name: String, work: Work, inputs: [Binding] = [], outputs: [Binding] = [], line: Int = 0
    ) {
      self.name = name
      self.work = work
      self.inputs = inputs
      self.outputs = outputs
      self.each = []
      self.fallback = nil
      self.isSoft = false
      self.timeoutNanoseconds = 0
      self.retryCount = 0
      self.line = line
    }
  }

  /// What a step asks.
  package enum Work: Sendable, Equatable {
    case model(ModelAddress)
    case builtIn(BuiltInStep, settings: [String: [String]])
    /// All of them with the same inputs, their equally named outputs combined.
    case ensemble([Member], Combination)
    /// The first case whose value is there, else `otherwise`; without one the step fails.
    case switched(on: Selector, cases: [Case], otherwise: ModelAddress?)
    /// One of them, by weight, the same one for the same routing key.
    case split([Member])
  }

  /// A model of several, with its share.
  package struct Member: Sendable, Equatable {
    package var model: ModelAddress
    /// Above 0.
    package var weight: Double

    package init(model: ModelAddress, weight: Double = 1) {
      self.model = model
      self.weight = weight
    }
  }

  /// How outputs of an ensemble become one.
  package enum Combination: String, Sendable, CaseIterable {
    /// The arithmetic mean of each element.
    case mean
    /// The value that most members give, of equals the first member's.
    case vote
    /// The mean by the members' weights.
    case weighted
  }

  /// What decides which case of a switch is taken.
  package enum Selector: Sendable, Equatable {
    /// The first element of this tensor of the graph, as text.
    case tensor(String)
    /// The request's parameter of that name, as text.
    case parameter(String)
  }

  /// A value and the model that it leads to.
  package struct Case: Sendable, Equatable {
    package var value: String
    package var model: ModelAddress

    package init(value: String, model: ModelAddress) {
      self.value = value
      self.model = model
    }
  }
}

/// Work between models that the program does itself, by its name in a configuration.
package enum BuiltInStep: String, Sendable, CaseIterable {
  /// Bytes of a photo to pixels.
  case decode
  /// Pixels to a square of one size, the rest filled.
  case letterbox
  /// Pixels to a size.
  case resize
  /// Parts of a photo, one for each box.
  case crop
  /// Boxes that overlap better ones are dropped.
  case suppression
  /// The largest values and their places.
  case topK = "top-k"
  /// Bytes to text and back, without a tokeniser.
  case text
  /// Numbers by mean and deviation of each channel.
  case normalise
  /// Numbers by one factor and offset.
  case scaler
}
