package import Inference

extension WorkerPlan {
  /// Draws the lines that an operator chose; `launcher` is what draws them.
  package mutating func keepInLine(
    _ options: WorkerOptions, launcher: WorkerLauncher, name: String
  ) throws(RuntimeFault) {
    lines.memoryBytesMax = options.memoryBytesMax
    lines.mayUseNetwork = options.mayUseNetwork
    lines.mayStartProcesses = options.mayStartProcesses
    limits.start = .nanoseconds(Int64(clamping: options.startNanosecondsMax))
    limits.run = .nanoseconds(Int64(clamping: options.runNanosecondsMax))
    runsInFlight = options.runsInFlight
    modelName = name
    if options.isReadOnly {
      let folder = try TemporaryFolder(of: name)
      temporaryFolder = folder
      lines.writableFolder = folder.path
      environment["TMPDIR"] = folder.path
      environment["HOME"] = folder.path
    }
    program = launcher.program(program, within: lines)
  }
}
