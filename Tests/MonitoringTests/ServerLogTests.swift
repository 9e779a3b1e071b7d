import Foundation
import Glibc
import Inference
import Testing

@testable import Monitoring

/// A folder for log files, removed at the end.
final class LogFolder {
  let path = NSTemporaryDirectory() + "apus-log-" + UUID().uuidString

  init() throws {
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true)
  }

  // Whether the system's own folder keeps a few bytes does not matter to any test.
  deinit { try? FileManager.default.removeItem(atPath: path) }

  func lines(_ name: String) throws -> [String] {
    try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)
      .split(separator: "\n").map(String.init)
  }
}

@Suite(.timeLimit(.minutes(1))) struct ServerLogTests {
  func object(_ line: String) throws -> [String: Any] {
    try #require(
      JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
  }

  @Test func `a line is a JSON object with the names of ECS`() throws {
    let folder = try LogFolder()
    let log = ServerLog(ServerLog.Settings(path: "\(folder.path)/a.log"))
    log.write(.warn, "it is \"so\"\n", [(.model, .text("m\u{1}\\")), (.rows, .number(-3))])
    #expect(log.flush(within: .seconds(10)))
    let line = try object(try #require(folder.lines("a.log").first))
    #expect(line["message"] as? String == "it is \"so\"\n")
    #expect(line["log.level"] as? String == "warn")
    #expect(line["apus.model"] as? String == "m\u{1}\\")
    #expect(line["apus.rows"] as? Int == -3)
    let stamp = try #require(line["@timestamp"] as? String)
    let format = ISO8601DateFormatter()
    format.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
    let date = try #require(format.date(from: stamp))
    #expect(abs(date.timeIntervalSinceNow) < 60)
  }

  @Test func `a text line cannot be forged by a line break`() throws {
    let folder = try LogFolder()
    let log = ServerLog(ServerLog.Settings(format: .text, path: "\(folder.path)/a.log"))
    log.write(.info, "one\ntwo", [(.path, .text("/a b")), (.model, .text("m"))])
    log.close(within: .seconds(10))
    let lines = try folder.lines("a.log")
    #expect(lines.count == 1)
    #expect(lines[0].hasSuffix(#"INFO  one\ntwo url.path="/a b" apus.model=m"#))
  }

  @Test func `lines below the level are not written, nor made`() throws {
    let folder = try LogFolder()
    let log = ServerLog(ServerLog.Settings(level: .warn, path: "\(folder.path)/a.log"))
    func never() -> String {
      Issue.record("the message was made")
      return ""
    }
    log.write(.info, never())
    log.write(.error, "x")
    log.close(within: .seconds(10))
    #expect(try folder.lines("a.log").count == 1)
  }

  @Test func `after a reopening the lines go to the new file`() throws {
    let folder = try LogFolder()
    let log = ServerLog(ServerLog.Settings(path: "\(folder.path)/a.log"))
    log.write(.info, "before")
    #expect(log.flush(within: .seconds(10)))
    #expect(rename("\(folder.path)/a.log", "\(folder.path)/b.log") == 0)
    log.reopen()
    log.write(.info, "after")
    log.close(within: .seconds(10))
    #expect(try folder.lines("b.log").count == 1)
    #expect(try folder.lines("a.log").count == 1)
  }

  @Test func `a full disk loses lines, counts them and stops nobody`() throws {
    let log = ServerLog(ServerLog.Settings(path: "/dev/full", waitingBytesMax: 4_096))
    for _ in 0..<1_000 { log.write(.info, "a line of some length that will never be written") }
    #expect(log.lostLineCount > 0)
    log.close(within: .seconds(10))
    #expect(log.lostLineCount == 1_000)
  }

  @Test func `lines that a full disk held back are written once the log is opened elsewhere`()
    throws
  {
    let folder = try LogFolder()
    let path = "\(folder.path)/a.log"
    #expect(symlink("/dev/full", path) == 0)
    let log = ServerLog(ServerLog.Settings(path: path))
    for place in 0..<10 { log.write(.info, "line \(place)") }
    #expect(!log.flush(within: .milliseconds(50)))
    #expect(unlink(path) == 0)
    log.reopen()
    #expect(log.flush(within: .seconds(20)))
    let messages = try folder.lines("a.log").map { try object($0)["message"] as? String }
    #expect(messages == (0..<10).map { "line \($0)" })
    #expect(log.lostLineCount == 0)
  }

  @Test func `a folder that is not there stops nobody either`() throws {
    let log = ServerLog(ServerLog.Settings(path: "/nonexistent/folder/a.log"))
    log.write(.info, "x")
    log.close(within: .seconds(10))
    #expect(log.lostLineCount == 1)
  }

  @Test func `a pipe that nobody empties holds nobody up, and what was lost is said`() throws {
    let folder = try LogFolder()
    let path = "\(folder.path)/pipe"
    #expect(mkfifo(path, 0o600) == 0)
    let reader = open(path, O_RDONLY | O_NONBLOCK)
    defer { close(reader) }
    let log = ServerLog(ServerLog.Settings(path: path, waitingBytesMax: 8_192))
    // 64 KiB fill the pipe, then the queue.
    for _ in 0..<2_000 { log.write(.info, "a line of some length, to fill a pipe") }
    let lost = log.lostLineCount
    #expect(lost > 0)
    var text = ""
    var chunk = [UInt8](repeating: 0, count: 65_536)
    var keptCount: Int { text.split(separator: "\n").count { $0.contains("fill a pipe") } }
    while keptCount < 2_000 - lost || !text.contains("apus.lost_lines") {
      var wait = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
      try #require(poll(&wait, 1, 10_000) == 1)
      let count = read(reader, &chunk, chunk.count)
      text += String(decoding: chunk[..<max(0, count)], as: UTF8.self)
    }
    #expect(keptCount == 2_000 - lost)
    log.close(within: .seconds(10))
  }

  @Test func `a closed pipe does not end the process`() throws {
    let folder = try LogFolder()
    let path = "\(folder.path)/pipe"
    #expect(mkfifo(path, 0o600) == 0)
    let reader = open(path, O_RDONLY | O_NONBLOCK)
    let log = ServerLog(ServerLog.Settings(path: path))
    log.write(.info, "read")
    #expect(log.flush(within: .seconds(10)))
    close(reader)
    log.write(.info, "not read")
    log.close(within: .seconds(10))
    #expect(log.lostLineCount == 1)
  }

  @Test func `a value of a client is cut, at a character`() throws {
    let folder = try LogFolder()
    let log = ServerLog(ServerLog.Settings(path: "\(folder.path)/a.log"))
    log.write(.info, "x", [(.path, .text("/" + String(repeating: "ä", count: 100_000)))])
    log.close(within: .seconds(10))
    let path = try #require(object(try folder.lines("a.log")[0])["url.path"] as? String)
    #expect(path.utf8.count < 4_200 && path.hasSuffix("ä…"))
  }

  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000Z"), (951_827_696, "2000-02-29T12:34:56.000Z"),
    (1_798_761_599, "2026-12-31T23:59:59.000Z"), (4_107_542_400, "2100-03-01T00:00:00.000Z"),
  ])
  func `seconds become a date`(_ seconds: Int, _ text: String) {
    var bytes: [UInt8] = []
    WallTime(seconds: seconds, nanoseconds: 0).append(to: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == text)
  }
}
