import Glibc
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
      let folder = try Self.temporaryFolder(name)
      lines.writableFolder = folder
      environment["TMPDIR"] = folder
      environment["HOME"] = folder
    }
    program = launcher.program(program, within: lines)
  }

  private static func temporaryFolder(_ name: String) throws(RuntimeFault) -> String {
    var template = Array("/tmp/apus-worker-XXXXXX".utf8CString)
    guard let path = mkdtemp(&template) else {
      throw RuntimeFault(
        code: .failed,
        message:
          "no temporary folder for the workers of \(name): \(String(cString: strerror(errno)))")
    }
    return String(cString: path)
  }
}
