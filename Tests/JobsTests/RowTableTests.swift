import Inference
import Testing
import WireFormats

@testable import Jobs

@Suite struct RowTableTests {
  @Test func `takes the first line for titles where no cell of it is a number`() throws {
    let table = try RowTable(csv: "a,b\n1,2\n3,4\n")
    #expect(table.titles == ["a", "b"])
    #expect(table.rowCount == 2)
    #expect(table.cell(row: 1, column: 0) == "3")
  }

  @Test func `takes the first line for a row where a cell of it is a number`() throws {
    let table = try RowTable(csv: "5.1,setosa\n6,virginica")
    #expect(table.titles == nil)
    #expect(table.rowCount == 2)
  }

  @Test(arguments: ["1;2\r\n3;4\r\n", "1\t2\n3\t4", "\u{FEFF}1, 2\r3 ,4\r", "1,2\n\n3,4\n\n"])
  func `reads other separators and line ends`(text: String) throws {
    let table = try RowTable(csv: text)
    #expect(table.cells == ["1", "2", "3", "4"])
    #expect(table.columnCount == 2)
  }

  @Test func `reads quoted cells`() throws {
    let table = try RowTable(csv: "\"a, \"\"b\"\"\",\"c\nd\"\n1,2")
    #expect(table.titles == ["a, \"b\"", "c\nd"])
  }

  @Test func `names the line of a row that has too few cells`() {
    #expect(throws: RowProblem.ragged(line: 3, expected: 2, got: 1)) {
      try RowTable(csv: "a,b\n1,2\n3\n")
    }
  }

  @Test func `names the line of a quote that is never closed`() {
    #expect(throws: RowProblem.unclosedQuote(line: 2)) { try RowTable(csv: "a,b\n\"1,2\n3,4\n") }
  }

  @Test(arguments: ["", "\n\n", "a,b\n"])
  func `refuses a table without rows`(text: String) {
    #expect(throws: RowProblem.empty) { try RowTable(csv: text) }
  }

  @Test func `reads rows of JSON by place and by title`() throws {
    let byPlace = try RowTable(json: .array([.array([.integer(1), .number(2.5)])]))
    #expect(byPlace.cells == ["1", "2.5"])
    let byTitle = try RowTable(
      json: .array([
        .object([.init("a", .integer(1)), .init("b", .bool(true))]),
        .object([.init("b", .integer(0)), .init("a", .integer(3))]),
      ]))
    #expect(byTitle.titles == ["a", "b"])
    #expect(byTitle.cells == ["1", "1", "3", "0"])
    #expect(try RowTable(json: .array([.integer(1), .integer(2)])).rowCount == 1)
  }

  @Test func `refuses JSON that is no rows`() {
    #expect(throws: RowProblem.notARow(number: 2)) {
      try RowTable(json: .array([.array([.integer(1)]), .integer(2)]))
    }
    #expect(throws: RowProblem.notANumber(row: 1, column: "1", text: "")) {
      try RowTable(json: .array([.array([.null])]))
    }
  }
}
