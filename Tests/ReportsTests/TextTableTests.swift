import Testing

@testable import Reports

@Suite struct TextTableTests {
  @Test func `aligns columns and leaves no blanks at the ends`() {
    var table = TextTable([.init("name"), .init("count", .right), .init("")])
    table.add(["a", "10", "x"])
    table.add(["long", "5", ""])
    #expect(table.lines == ["name  count", "a        10  x", "long      5"])
  }

  @Test func `prints no titles where all are empty`() {
    var table = TextTable([.init(""), .init("")])
    table.add(["a", "b"])
    #expect(table.lines == ["a  b"])
  }

  @Test func `lets no cell move the cursor`() {
    var table = TextTable([.init("")])
    table.add(["a\u{1B}[2Jb\nc"])
    #expect(table.lines == ["a [2Jb c"])
  }
}
