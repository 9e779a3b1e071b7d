/// Which processes of this machine are at work for a target, so that what others use disturbs it.
package enum TargetHost: Sendable {
  /// This one, which asks, too, and those that it started.
  case thisProcess
  /// Those that listen at its address and those that they started; this one only asks.
  case processes(ServerProcess)
  /// None that is seen: it is on another machine, in a container, or another user's.
  case unseen

  /// Who serves a place.
  init(_ place: ServerPlace) {
    guard place.isHere, let process = ServerProcess(listeningAt: place) else {
      self = .unseen
      return
    }
    self = .processes(process)
  }

  /// Seconds of processor time that the target had until now, but for those of this process; `nil` where
  /// that is not seen.
  var cpuSeconds: Double? {
    switch self {
    case .thisProcess: ServerProcess.ownChildrenCPUSeconds
    case .processes(let process): process.read()?.cpuSeconds
    case .unseen: nil
    }
  }

  /// What others used may be its own work in part: who listens may only hand on.
  var mayHaveHelpers: Bool {
    if case .thisProcess = self { return false }
    return true
  }
}
