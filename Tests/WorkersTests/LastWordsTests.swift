import Testing

@testable import Workers

@Suite struct LastWordsTests {
  @Test func `keeps the last lines and shows the last that say something`() {
    var words = LastWords()
    for number in 0..<100 { _ = words.take("line \(number)\n".utf8) }
    _ = words.take("\n  \nend".utf8)
    #expect(words.lines.count == LastWords.linesMax)
    #expect(words.text(2) == "line 99 | end")
  }

  @Test func `a line without an end takes no more memory than a long one`() {
    var words = LastWords()
    for _ in 0..<1_000 { _ = words.take(repeatElement(UInt8(ascii: "x"), count: 1_000)) }
    let lines = words.take("\n".utf8)
    #expect(lines.map(\.utf8.count) == [LastWords.lineBytesMax + 3])
  }
}
