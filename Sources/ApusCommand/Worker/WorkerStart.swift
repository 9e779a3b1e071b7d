import Glibc
import Workers

/// `apus worker-start LINES -- PROGRAM`: draws the lines round itself and becomes the program.
///
/// Not a command of the parser's: it stands between a server and each of its workers, and nothing that it
/// would bring along is of use there.
enum WorkerStart {
  static let name = "worker-start"

  /// Where this program starts itself again.
  static let launcher = WorkerLauncher(command: ["/proc/self/exe", name])

  /// Returns only where the arguments are not for it.
  static func takeOver(_ arguments: [String]) {
    guard arguments.count > 1, arguments[1] == name else { return }
    let rest = arguments.dropFirst(2)
    guard let mark = rest.firstIndex(of: "--"),
      let lines = WorkerLines(arguments: Array(rest[..<mark]))
    else {
      Terminal.complain("\(name) is for servers to start their workers with")
      Glibc.exit(2)
    }
    Terminal.complain(Confinement.become(Array(rest[(mark + 1)...]), within: lines))
    Glibc.exit(126)
  }
}
