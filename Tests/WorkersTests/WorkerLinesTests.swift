import Testing

@testable import Workers

@Suite struct WorkerLinesTests {
  @Test func `lines come back as they were given on`() {
    var lines = WorkerLines()
    lines.memoryBytesMax = 1 << 30
    lines.processorSecondsMax = 20
    lines.openFilesMax = 64
    lines.mayStartProcesses = true
    lines.mayUseNetwork = false
    lines.processesMax = 12
    lines.keepsSession = true
    lines.writableFolder = "/tmp/a=b"
    #expect(WorkerLines(arguments: lines.arguments) == lines)
  }

  @Test(arguments: ["memory", "memory=", "memory=-1", "speed=1", ""])
  func `a line that is none is refused`(argument: String) {
    #expect(WorkerLines(arguments: [argument]) == nil)
  }
}
