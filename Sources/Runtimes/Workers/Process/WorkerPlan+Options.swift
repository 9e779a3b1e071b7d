package import Inference

extension WorkerPlan {
  /// Draws the lines that an operator chose; `launcher` is what draws them.
  package mutating func keepInLine(
    _ options: WorkerOptions, launcher: WorkerLauncher, name: String
  ) {
    lines.memoryBytesMax = options.memoryBytesMax
    lines.mayUseNetwork = options.mayUseNetwork
    lines.mayStartProcesses = options.mayStartProcesses
    limits.start = .nanoseconds(Int64(clamping: options.startNanosecondsMax))
    limits.run = .nanoseconds(Int64(clamping: options.runNanosecondsMax))
    runsInFlight = options.runsInFlight
    modelName = name
    // Where they go by what the environment says, it says the worker's own folder.
    temporaryVariables = options.isReadOnly ? ["TMPDIR", "HOME"] : ["TMPDIR"]
    isReadOnly = options.isReadOnly
    bind(options)
    self.launcher = launcher
  }

  /// Tasks of a worker that may start processes, where its operator does not say.
  private static let tasksMax = 1_024

  /// Bounds by control groups, as far as they may be made, and by what else there is.
  private mutating func bind(_ options: WorkerOptions) {
    groupLimits.memoryBytesMax = options.memoryBytesMax
    groupLimits.coreThousandthsMax = options.coreThousandthsMax
    groupLimits.processesMax =
      options.processesMax == 0 && options.mayStartProcesses ? Self.tasksMax : options.processesMax
    if groupLimits.kinds.isEmpty { return }
    let trial = ControlGroup(groupLimits)
    let kinds = trial?.kinds ?? []
    trial?.remove()
    if !kinds.contains(.processes) { lines.processesMax = groupLimits.processesMax }
    lines.keepsSession = options.mayStartProcesses && kinds.isEmpty
    bounds = groupLimits.words(boundBy: kinds)
  }
}

extension WorkerPlan {
  /// The plan of one process, whose own folder that is: its variables say so, and its program is the one
  /// that draws its lines.
  func launched(in folder: TemporaryFolder?) -> WorkerPlan {
    var plan = self
    if let folder {
      for variable in temporaryVariables { plan.environment[variable] = folder.path }
      if isReadOnly { plan.lines.writableFolder = folder.path }
    }
    if let launcher { plan.program = launcher.program(program, within: plan.lines) }
    return plan
  }
}

extension ControlGroup.Limits {
  /// What holds each of the limits.
  func words(boundBy kinds: [ControlGroup.Kind]) -> String {
    self.kinds.map { kind in
      let isGrouped = kinds.contains(kind)
      return switch kind {
      case .memory:
        "memory \(memoryBytesMax) bytes by "
          + (isGrouped ? "control group, and rlimit of each process" : "rlimit of each process")
      case .processor:
        "\(Double(coreThousandthsMax) / 1000) cores "
          + (isGrouped ? "by control group" : "not kept: no control group may be made here")
      case .processes:
        "\(processesMax) processes and threads by "
          + (isGrouped ? "control group" : "rlimit of the user, unless that is root")
      }
    }.joined(separator: "; ")
  }
}
