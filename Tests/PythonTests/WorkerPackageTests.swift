import Foundation
import Inference
import Testing

@testable import Python

@Suite struct WorkerPackageTests {
  private static let sources = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Sources/Runtimes/Python/Worker")

  @Test func `every file of the package is in the program, byte for byte`() throws {
    let cache = try Folder()
    let folder = try WorkerPackage.folder(in: cache.url.path)
    let files = try FileManager.default.subpathsOfDirectory(atPath: Self.sources.path)
      .filter { $0.hasSuffix(".py") }
    #expect(files.contains("apus_worker/loop.py"))
    for file in files {
      let source = try Data(contentsOf: Self.sources.appending(path: file))
      let written = try Data(contentsOf: URL(filePath: folder).appending(path: file))
      #expect(written == source, "worker_package.c has not \(file) as it is")
    }
  }

  @Test func `is written once`() throws {
    let cache = try Folder()
    let first = try WorkerPackage.folder(in: cache.url.path)
    let second = try WorkerPackage.folder(in: cache.url.path)
    #expect(first == second)
    #expect(try FileManager.default.contentsOfDirectory(atPath: cache.url.path).count == 1)
  }

  @Test func `takes a temporary folder where there is no cache`() throws {
    let folder = try WorkerPackage.folder(in: "/proc/nowhere")
    #expect(folder.contains("worker-"))
    #expect(FileManager.default.fileExists(atPath: folder + "/apus_worker/loop.py"))
  }
}
