package import Inference

/// How requests of one sequence reach the state that belongs to them (`sequence_batching`).
package struct SequencePolicy: Sendable, Equatable {
  /// Which places of a run sequences get.
  package enum Strategy: Sendable, Equatable {
    /// A sequence keeps one place of one instance from its start to its end (`direct`).
    case direct(delayNanosecondsMax: UInt64, minimumSlotUtilization: Double)
    /// The oldest requests of all sequences are joined, one of each sequence (`oldest`).
    case oldest(
      candidateSequencesMax: Int, preferredRowCounts: [Int], delayNanosecondsMax: UInt64,
      preservesOrdering: Bool)
  }

  /// What a control input tells the model.
  package enum ControlKind: Sendable, Equatable {
    case start, end, ready, correlationID
  }

  /// An input that the server fills (`control_input`).
  package struct Control: Sendable, Equatable {
    package var input: String
    package var kind: ControlKind
    package var datatype: Datatype
    /// Values for false and true; not used for a correlation id.
    package var falseValue: Double
    package var trueValue: Double

    package init(
      input: String, kind: ControlKind, datatype: Datatype, falseValue: Double = 0,
      trueValue: Double = 1
    ) {
      self.input = input
      self.kind = kind
      self.datatype = datatype
      self.falseValue = falseValue
      self.trueValue = trueValue
    }
  }

  /// A tensor that the server keeps for a sequence between its requests (`state`).
  package struct State: Sendable, Equatable {
    package var input: String
    package var output: String
    package var datatype: Datatype
    /// Lengths without the row axis.
    package var dimensions: [Int]
    /// Bytes of the first value; empty means zeros.
    package var initialBytes: [UInt8]

    package init(
      input: String, output: String, datatype: Datatype, dimensions: [Int],
      initialBytes: [UInt8] = []
    ) {
      self.input = input
      self.output = output
      self.datatype = datatype
      self.dimensions = dimensions
      self.initialBytes = initialBytes
    }
  }

  package var strategy: Strategy
  /// A sequence without a request for this long is over, in nanoseconds
  /// (`max_sequence_idle_microseconds`).
  package var idleNanosecondsMax: UInt64
  package var controls: [Control]
  package var states: [State]
  /// Each request is a sequence of its own, which the model runs again until it is finished
  /// (`iterative_sequence`).
  package var isIterative = false

  package init(
    strategy: Strategy = .direct(delayNanosecondsMax: 0, minimumSlotUtilization: 0),
    idleNanosecondsMax: UInt64 = 1_000_000_000, controls: [Control] = [], states: [State] = []
  ) {
    self.strategy = strategy
    self.idleNanosecondsMax = idleNanosecondsMax
    self.controls = controls
    self.states = states
  }

  /// Places that each instance has for sequences.
  ///
  /// - Parameter rowsMax: most rows of a run; 1 where sequences cannot be joined.
  package func slotsMax(rowsMax: Int) -> Int {
    switch strategy {
    case .direct: max(1, rowsMax)
    case .oldest(let candidates, _, _, _): candidates > 0 ? candidates : max(1, rowsMax)
    }
  }

  /// A sequence has the same row in every run.
  package var keepsSlots: Bool { if case .direct = strategy { true } else { false } }
}
