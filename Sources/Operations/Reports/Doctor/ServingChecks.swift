import Glibc

/// Looks at what the server will ask of the system: ports, open files, a place for temporary files.
package struct ServingChecks: Sendable {
  /// What a port is for, and its number.
  package struct Port: Sendable {
    let purpose: String
    let number: Int

    package init(_ purpose: String, _ number: Int) {
      self.purpose = purpose
      self.number = number
    }
  }

  private let ports: [Port]
  private let temporaryDirectory: String

  /// Fewer open files than this and the default limit of connections cannot be reached.
  private static let openFilesWanted: UInt64 = 10_100

  package init(ports: [Port], temporaryDirectory: String = ServingChecks.temporaryDirectory) {
    self.ports = ports
    self.temporaryDirectory = temporaryDirectory
  }

  package var findings: [Finding] { ports.map(check) + [openFiles, temporaryFiles] }

  // MARK: Ports

  private func check(_ port: Port) -> Finding {
    let subject = "port \(port.number)"
    switch Self.tryBinding(port.number) {
    case 0: return .works(.serving, subject, "free, for \(port.purpose)")
    case EADDRINUSE:
      return .noted(
        .serving, subject, "taken, would be for \(port.purpose)",
        remedy: "stop the program that has it, or choose another one by flag")
    case let number:
      return .noted(
        .serving, subject, "not to be had: \(String(cString: strerror(number)))",
        remedy: "choose another one by flag")
    }
  }

  /// Binds the port on the loopback address as the server does, and lets go of it; gives `errno`.
  private static func tryBinding(_ port: Int) -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return errno }
    defer { close(descriptor) }
    var isReused: Int32 = 1
    setsockopt(
      descriptor, SOL_SOCKET, SO_REUSEADDR, &isReused, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    // Bound beside a listener that reuses its address, too; only listening tells.
    return status == 0 && listen(descriptor, 1) == 0 ? 0 : errno
  }

  // MARK: Files

  private var openFiles: Finding {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      return .noted(.serving, "open files", "the system does not say")
    }
    let detail = "\(limit.rlim_cur), may be raised to \(limit.rlim_max)"
    if limit.rlim_max >= Self.openFilesWanted { return .works(.serving, "open files", detail) }
    return .noted(
      .serving, "open files", detail,
      remedy: "raise the hard limit (systemd: LimitNOFILE=65536) for 10,000 connections")
  }

  private var temporaryFiles: Finding {
    var template = Array("\(temporaryDirectory)/apus-doctor-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else {
      let reason = String(cString: strerror(errno))
      return .missing(
        .serving, "temporary files", "\(temporaryDirectory): \(reason)",
        remedy: "set TMPDIR to a directory that this user may write")
    }
    close(descriptor)
    unlink(&template)
    return .works(.serving, "temporary files", temporaryDirectory)
  }

  /// `TMPDIR`, else `/tmp`.
  package static var temporaryDirectory: String {
    guard let named = getenv("TMPDIR"), named.pointee != 0 else { return "/tmp" }
    return String(cString: named)
  }
}
