import Testing

@Suite struct SwiftCodeTests {
  @Test(arguments: [
    ("a // b", "a     "),
    ("a /* b /* c */ d */ e", "a                   e"),
    (#"f("b", c)"#, "f(   , c)"),
    (#"f("b \(c("d")) e") // g"#, #"f(     c(   )    )     "#),
    (##"f(#"b " c"#) d"##, "f(         ) d"),
    (#"f("\"") + g"#, "f(    ) + g"),
    ("\"\"\"\n b \" c\n \"\"\" + d", "   \n      \n     + d"),
    ("/\"/\ncode", "/  \ncode"),
  ])
  func `comments and strings become blanks, code stays`(text: String, code: String) {
    #expect(SwiftCode.withoutCommentsAndStrings(text) == code)
  }

  @Test func `lines keep their numbers`() {
    let file = RepositoryFile(path: "A.swift", text: "a /* b\n c */ d\n\ne")
    #expect(file.codeLines == ["a     ", "      d", "", "e"])
  }
}
