import Glibc
package import Inference
package import NIOCore

/// A Unix-domain socket that a front listens on: its file, and who may open it.
package struct UnixSocket: Sendable, Equatable {
  package let path: String
  /// Permissions of the file: 0o600 lets the server's own user connect.
  package let mode: UInt32

  package init(path: String, mode: UInt32 = 0o600) {
    self.path = path
    self.mode = mode
  }

  /// What the kernel takes (`sun_path`), without the zero at the end.
  private static let pathBytesMax = 107

  /// Makes the way free: removes the socket that a server which ended badly left behind. Anything
  /// else there, and a socket where somebody listens, is left alone.
  package func prepare() throws(ServerFault) {
    guard path.utf8.count <= Self.pathBytesMax else {
      throw fault("the path has more than \(Self.pathBytesMax) bytes")
    }
    var found = Glibc.stat()
    guard lstat(path, &found) == 0 else {
      if errno == ENOENT { return }
      throw fault(String(cString: strerror(errno)))
    }
    guard found.st_mode & S_IFMT == S_IFSOCK else {
      throw fault("there is a file already, and it is no socket")
    }
    if isAnswered { throw fault("another program listens there") }
    guard unlink(path) == 0 else { throw fault(String(cString: strerror(errno))) }
  }

  /// Runs `bind` so that nobody without permission can connect from the first moment on, then gives
  /// the file its permissions.
  ///
  /// The mask is the process's own: call it before other threads make files.
  package func binding<Bound>(_ bind: () throws(ServerFault) -> Bound) throws(ServerFault) -> Bound
  {
    let before = umask(0o177)
    defer { umask(before) }
    let bound = try bind()
    guard chmod(path, mode_t(mode)) == 0 else { throw fault(String(cString: strerror(errno))) }
    return bound
  }

  /// The file as it was bound, so that `remove` takes away this one and no other.
  package var identity: Identity? {
    var found = Glibc.stat()
    guard lstat(path, &found) == 0 else { return nil }
    return Identity(device: UInt64(found.st_dev), inode: UInt64(found.st_ino))
  }

  package struct Identity: Sendable, Equatable {
    let device: UInt64
    let inode: UInt64
  }

  /// Removes the file, unless another server has put its own there since.
  package func remove(_ bound: Identity) {
    if identity == bound { unlink(path) }
  }

  /// Whether somebody accepts connections there.
  private var isAnswered: Bool {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC | O_NONBLOCK, 0)
    guard descriptor >= 0 else { return true }
    defer { Glibc.close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, length)
      }
    }
    // A full line of waiting connections answers EAGAIN: somebody is there.
    return result == 0 || errno != ECONNREFUSED
  }

  private func fault(_ reason: String) -> ServerFault {
    .configurationInvalid(file: path, reason: "cannot listen there: \(reason)")
  }
}

/// A Unix-domain socket that is listened on.
package struct BoundSocket: Sendable {
  private let channel: any Channel
  private let socket: UnixSocket
  private let identity: UnixSocket.Identity?

  /// Takes note of the file that `channel` was bound to.
  package init(_ channel: any Channel, at socket: UnixSocket) {
    self.channel = channel
    self.socket = socket
    identity = socket.identity
  }

  /// Listens no more, and takes the file away.
  package func close() {
    channel.close(promise: nil)
    if let identity { socket.remove(identity) }
  }
}
