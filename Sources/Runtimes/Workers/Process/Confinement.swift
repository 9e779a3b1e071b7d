import CWorkers
import Glibc

/// What the starting program does before it becomes a worker.
package enum Confinement {
  /// Draws the lines round this process and runs the program in its place; returns only where that
  /// failed, with the reason.
  package static func become(_ program: [String], within lines: WorkerLines) -> String {
    if let failed = draw(lines) {
      return "cannot limit \(failed) here: \(String(cString: strerror(errno)))"
    }
    guard let path = program.first else { return "no program was named" }
    var arguments: [UnsafeMutablePointer<CChar>?] = program.map { strdup($0) }
    arguments.append(nil)
    execvp(path, arguments)
    return "cannot run \(path): \(String(cString: strerror(errno)))"
  }

  private static func draw(_ lines: WorkerLines) -> String? {
    func drawn(_ writable: UnsafePointer<CChar>?) -> String? {
      var confinement = apus_confinement()
      confinement.memory = UInt64(lines.memoryBytesMax)
      confinement.processor_seconds = UInt64(lines.processorSecondsMax)
      confinement.files = UInt64(lines.openFilesMax)
      confinement.may_start_processes = lines.mayStartProcesses ? 1 : 0
      confinement.tasks = UInt64(lines.processesMax)
      confinement.keeps_session = lines.keepsSession ? 1 : 0
      confinement.may_use_network = lines.mayUseNetwork ? 1 : 0
      confinement.writable = writable
      return apus_confine(&confinement).map { String(cString: $0) }
    }
    guard let folder = lines.writableFolder else { return drawn(nil) }
    return folder.withCString { drawn($0) }
  }
}
