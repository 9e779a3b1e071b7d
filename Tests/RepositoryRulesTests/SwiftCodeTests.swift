import Testing

@Suite struct SwiftCodeTests {
  @Test(arguments: [
    ("a // b", "a     "),
    ("a /* b /* c */ d */ e", "a                   e"),
    (#"f("b", c)"#, "f(   , c)"),
    (#"f("b \(c("d")) e") // g"#, #"f(     c(   )    )     "#),
    (##"f(#"b " c"#) d"##, "f(         ) d"),
    (#"f("\"") + g"#, "f(    ) + g"),
  ])
  func `comments and strings become blanks, code stays`(text: String, code: String) {
    #expect(SwiftCode.withoutCommentsAndStrings(text) == code)
  }

  @Test func `a string of several lines ends at its own fence`() {
    let text = "\"\"\"\n b \" c\n \"\"\" + d"
    #expect(SwiftCode.withoutCommentsAndStrings(text) == "   \n      \n     + d")
  }

  @Test func `a quotation mark in a regular expression costs no more than its line`() {
    #expect(SwiftCode.withoutCommentsAndStrings("/\"/\ncode") == "/  \ncode")
  }

  @Test func `lines keep their numbers`() {
    let file = RepositoryFile(path: "A.swift", text: "a /* b\n c */ d\n\ne")
    #expect(file.codeLines == ["a     ", "      d", "", "e"])
  }
}
