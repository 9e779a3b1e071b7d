import Glibc
import Inference
import Testing

@testable import Transport

/// A folder that goes with the test.
final class Scratch {
  let path: String

  init() {
    var template = Array("/tmp/apus-transport-XXXXXX".utf8CString)
    path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
  }

  deinit {
    unlink(file("s"))
    rmdir(path)
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func write(_ text: String, to name: String) {
    let descriptor = open(file(name), O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    _ = text.withCString { Glibc.write(descriptor, $0, strlen($0)) }
    close(descriptor)
  }
}

/// Binds a socket of the system's own; the caller closes it.
func listen(at path: String) -> Int32 {
  let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
  let length = socklen_t(MemoryLayout<sockaddr_un>.size)
  withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      _ = bind(descriptor, $0, length)
    }
  }
  Glibc.listen(descriptor, 1)
  return descriptor
}

@Suite struct UnixSocketTests {
  @Test func `replaces the socket of a server that is gone`() throws {
    let scratch = Scratch()
    let socket = UnixSocket(path: scratch.file("s"))
    close(listen(at: socket.path))
    #expect(socket.identity != nil)
    try socket.prepare()
    #expect(socket.identity == nil)
  }

  @Test func `leaves the socket of a server that lives`() {
    let scratch = Scratch()
    let socket = UnixSocket(path: scratch.file("s"))
    let other = listen(at: socket.path)
    defer { close(other) }
    #expect(throws: ServerFault.self) { try socket.prepare() }
    #expect(socket.identity != nil)
  }

  @Test func `leaves a file that is no socket, and says so`() {
    let scratch = Scratch()
    scratch.write("mine", to: "s")
    #expect {
      try UnixSocket(path: scratch.file("s")).prepare()
    } throws: { "\($0)".contains("it is no socket") }
  }

  @Test func `refuses a path that the system would cut off`() {
    let path = "/tmp/" + String(repeating: "x", count: 103)
    #expect(throws: ServerFault.self) { try UnixSocket(path: path).prepare() }
  }

  @Test(arguments: [UInt32(0o600), 0o660, 0o666])
  func `the file gets its permissions, and none before`(_ mode: UInt32) throws {
    let scratch = Scratch()
    let socket = UnixSocket(path: scratch.file("s"), mode: mode)
    let (listener, first) = try socket.binding { () throws(ServerFault) -> (Int32, mode_t) in
      (listen(at: socket.path), permissions(socket.path))
    }
    defer { close(listener) }
    #expect(first == 0o600 && permissions(socket.path) == mode_t(mode))
  }

  @Test func `removes its own file and not that of a successor`() throws {
    let scratch = Scratch()
    let socket = UnixSocket(path: scratch.file("s"))
    let listener = listen(at: socket.path)
    defer { close(listener) }
    let bound = try #require(socket.identity)
    // Made while the first is there, so that the system cannot give it the same number.
    let successor = UnixSocket(path: scratch.file("t"))
    let other = listen(at: successor.path)
    defer { close(other) }
    rename(successor.path, socket.path)
    socket.remove(bound)
    #expect(socket.identity != nil)
    socket.remove(try #require(socket.identity))
    #expect(socket.identity == nil)
  }

  private func permissions(_ path: String) -> mode_t {
    var found = Glibc.stat()
    lstat(path, &found)
    return found.st_mode & 0o777
  }
}

@Suite struct TLSFilesTests {
  @Test func `a file that is replaced or written is another one`() {
    let scratch = Scratch()
    let none = FileMark(scratch.file("s"))
    scratch.write("one", to: "s")
    let first = FileMark(scratch.file("s"))
    scratch.write("longer", to: "s")
    let second = FileMark(scratch.file("s"))
    #expect(none != first && first != second)
    #expect(second == FileMark(scratch.file("s")))
  }

  @Test func `what is no certificate is named with its file`() {
    let scratch = Scratch()
    scratch.write("hello", to: "s")
    let files = TLSFiles(certificate: scratch.file("s"), key: scratch.file("s"))
    #expect {
      try TLSContexts(files: files)
    } throws: { "\($0)".hasPrefix("\(scratch.file("s")): expected certificates in PEM") }
    #expect(FileMark.obstacle(toReading: scratch.path) == "it is no file")
  }
}
