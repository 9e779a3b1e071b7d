/// How a model's worker processes are kept in line; settings of its operator.
package struct WorkerOptions: Sendable, Equatable {
  /// The model runs in processes of its own, whatever its runtime.
  package var isIsolated = false
  /// Bytes of private memory of each worker; 0 sets no limit.
  package var memoryBytesMax = 0
  /// Thousandths of a core that each worker may use; 0 sets no limit.
  package var coreThousandthsMax = 0
  /// Processes and threads that each worker may have, itself included; 0 sets no limit.
  package var processesMax = 0
  /// How long a worker may take to load the model.
  package var startNanosecondsMax: UInt64 = 60_000_000_000
  /// How long one run may take before its worker is ended.
  package var runNanosecondsMax: UInt64 = 60_000_000_000
  package var mayUseNetwork = true
  /// Nothing may be written outside of a temporary folder of the model's own.
  package var isReadOnly = false
  package var mayStartProcesses = false
  /// Runs that one worker may have at once, 1 or more.
  package var runsInFlight = 2

  package init() {}
}

/// What else there is to say of a model that Python computes.
package struct PythonOptions: Sendable, Equatable {
  /// A program, or the folder of a virtual environment; `nil` is what lies beside the model, else the
  /// system's `python3`.
  package var interpreter: String?
  /// The model may be a pickle, which runs whatever code it holds when it is read.
  package var allowsPickle = false
  /// Which kind of Python model it is; empty leaves it to be found out.
  package var kind = ""
  /// Said to the model itself, key to value.
  package var parameters: [String: String] = [:]

  package init() {}
}
