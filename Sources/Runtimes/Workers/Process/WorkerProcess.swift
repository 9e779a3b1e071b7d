import CWorkers
import Glibc
import Inference

/// A running process and our ends of what connects us: used by its supervising thread alone, but for the
/// socket, on which the link sends.
struct WorkerProcess {
  let number: Int32
  /// Readable when it has ended.
  let life: Int32
  let socket: Int32
  let output: Int32
  let errors: Int32

  /// Starts one on the calling thread, with which it dies.
  static func start(_ plan: WorkerPlan) throws(RuntimeFault) -> WorkerProcess {
    var sockets: [Int32] = [-1, -1]
    var output: [Int32] = [-1, -1]
    var errors: [Int32] = [-1, -1]
    let isPrepared =
      apus_message_sockets(&sockets) == 0 && pipe(&output) == 0 && pipe(&errors) == 0
    var process: Int32 = -1
    if isPrepared {
      for file in output + errors { _ = fcntl(file, F_SETFD, FD_CLOEXEC) }
      process = run(plan, output: output[1], errors: errors[1], channel: sockets[1])
    }
    let reason = errno
    let life = process > 0 ? apus_process_descriptor(process) : -1
    for file in [output[1], errors[1], sockets[1]] where file >= 0 { close(file) }
    guard process > 0, life >= 0 else {
      if process > 0 { reap(process) }
      for file in [output[0], errors[0], sockets[0]] where file >= 0 { close(file) }
      throw RuntimeFault(
        code: .runtimeMissing,
        message: "cannot start \(plan.program.first ?? "nothing"): "
          + String(cString: strerror(reason)))
    }
    for file in [output[0], errors[0]] { _ = fcntl(file, F_SETFL, O_NONBLOCK) }
    return WorkerProcess(
      number: process, life: life, socket: sockets[0], output: output[0], errors: errors[0])
  }

  private static func run(
    _ plan: WorkerPlan, output: Int32, errors: Int32, channel: Int32
  ) -> Int32 {
    var arguments: [UnsafeMutablePointer<CChar>?] = plan.program.map { strdup($0) }
    arguments.append(nil)
    var variables = plan.environment.map { strdup("\($0.key)=\($0.value)") }
    for variable in inherited(but: plan.environment) { variables.append(strdup(variable)) }
    variables.append(nil)
    defer { for text in arguments + variables { free(text) } }
    let path = strdup(plan.program.first ?? "")
    let directory = plan.directory.map { strdup($0) } ?? nil
    defer {
      free(path)
      free(directory)
    }
    guard let path else { return -1 }
    return arguments.withUnsafeBufferPointer { arguments in
      variables.withUnsafeBufferPointer { variables in
        guard let arguments = arguments.baseAddress, let variables = variables.baseAddress else {
          return -1
        }
        var start = apus_start(
          path: path, arguments: arguments, environment: variables, directory: directory,
          output: output, errors: errors, channel: channel)
        return apus_start_process(&start)
      }
    }
  }

  /// Our own environment, less what the plan says otherwise.
  private static func inherited(but own: [String: String]) -> [String] {
    var variables: [String] = []
    var place = apus_environment()
    while let entry = place.pointee {
      let text = String(cString: entry)
      let name = String(text.prefix { $0 != "=" })
      if own[name] == nil { variables.append(text) }
      place += 1
    }
    return variables
  }

  /// Ends it and all of its session that stayed in it.
  func kill() {
    _ = Glibc.kill(-number, SIGKILL)
    _ = Glibc.kill(number, SIGKILL)
  }

  private static func reap(_ process: Int32) {
    _ = Glibc.kill(process, SIGKILL)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
  }

  /// How it ended; blocks until it has.
  func awaitEnd() -> ProcessEnd {
    var status: Int32 = 0
    while waitpid(number, &status, 0) < 0 {
      if errno != EINTR { return .exited(-1) }
    }
    let signal = status & 0x7f
    return signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal)
  }

  func closeAll() {
    for file in [life, socket, output, errors] { close(file) }
  }
}

/// How a process ended.
package enum ProcessEnd: Sendable, Equatable {
  case exited(Int32)
  case killed(Int32)

  /// As people are told.
  package var sentence: String {
    switch self {
    case .exited(let status): "the worker ended with status \(status)"
    case .killed(SIGKILL): "the worker was killed; it may have taken too much memory"
    case .killed(SIGSEGV): "the worker crashed (segmentation fault)"
    case .killed(SIGABRT): "the worker crashed (abort)"
    case .killed(SIGBUS): "the worker crashed (bus error)"
    case .killed(SIGXCPU): "the worker used up its processor time"
    case .killed(let signal): "the worker was ended by signal \(signal)"
    }
  }
}
