/// Reads the text of a `.proto` file of ours: messages, enumerations, `oneof`, maps and services of
/// the language's third version, and comments. No options.
///
/// The texts are part of the program, so one that cannot be read is a programmer's error and traps.
struct ProtobufSchemaText {
  private var words: ArraySlice<Substring>
  private var schema: ProtobufSchema
  /// Where the names of other files are found.
  private let others: [ProtobufSchema]
  /// Every field that names a type, to be found once all names are known.
  private var openFields: [(message: String, field: Int, type: String)] = []

  /// - Parameter imports: the files that this one imports, already read.
  static func read(
    _ text: String, fileName: String, imports: [ProtobufSchema] = []
  ) -> ProtobufSchema {
    var reader = ProtobufSchemaText(text, fileName, imports)
    reader.readFile()
    return reader.schema
  }

  private init(_ text: String, _ fileName: String, _ others: [ProtobufSchema]) {
    self.others = others
    schema = ProtobufSchema(fileName: fileName)
    schema.imports = others.map(\.fileName)
    var words: [Substring] = []
    for line in text.split(separator: "\n") {
      let code = line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line
      words += Self.words(of: code)
    }
    self.words = words[...]
  }

  private static func words(of line: Substring) -> [Substring] {
    var words: [Substring] = []
    var start: Substring.Index?
    for index in line.indices {
      let letter = line[index]
      let isWord = letter.isLetter || letter.isNumber || letter == "_" || letter == "."
      if isWord {
        if start == nil { start = index }
        continue
      }
      if let begun = start { words.append(line[begun..<index]) }
      start = nil
      if letter != " " { words.append(line[index...index]) }
    }
    if let start { words.append(line[start...]) }
    return words
  }

  private mutating func word() -> String {
    guard let word = words.popFirst() else { fatalError("\(schema.fileName) ends too early") }
    return String(word)
  }

  private mutating func expect(_ expected: String) {
    let found = word()
    precondition(found == expected, "\(schema.fileName): `\(expected)` expected, got `\(found)`")
  }

  private mutating func take(_ wanted: String) -> Bool {
    guard words.first.map({ $0 == wanted }) ?? false else { return false }
    words.removeFirst()
    return true
  }

  private mutating func number() -> Int {
    let isNegative = take("-")
    let text = word()
    guard let number = Int(text) else { fatalError("\(schema.fileName): `\(text)` is no number") }
    return isNegative ? -number : number
  }
}

// MARK: - What stands in a file

extension ProtobufSchemaText {
  private mutating func readFile() {
    while !words.isEmpty {
      switch word() {
      case "package":
        schema.package = word()
        expect(";")
      case "message": schema.topMessages.append(readMessage(in: schema.package))
      case "enum": schema.topEnumerations.append(readEnumeration(in: schema.package))
      case "service": readService()
      case let other: fatalError("\(schema.fileName): unexpected `\(other)`")
      }
    }
    for open in openFields { close(open) }
  }

  private mutating func readMessage(in scope: String) -> String {
    var message = ProtobufSchema.Message(fullName: "\(scope).\(word())")
    expect("{")
    while !take("}") {
      if take("message") {
        message.messages.append(readMessage(in: message.fullName))
      } else if take("enum") {
        message.enumerations.append(readEnumeration(in: message.fullName))
      } else if take("oneof") {
        message.choices.append(word())
        expect("{")
        while !take("}") { readField(of: &message, choice: message.choices.count - 1) }
      } else {
        readField(of: &message, choice: nil)
      }
    }
    schema.messages[message.fullName] = message
    return message.fullName
  }

  private mutating func readField(of message: inout ProtobufSchema.Message, choice: Int?) {
    let isRepeated = take("repeated")
    var type = word()
    var kind = Self.scalar(type)
    if type == "map" {
      expect("<")
      guard let key = Self.scalar(word()) else { fatalError("a map's key is no scalar") }
      expect(",")
      type = word()
      kind = .map(key: key, value: Self.scalar(type) ?? .message(type))
      expect(">")
    }
    let name = word()
    expect("=")
    let field = ProtobufSchema.Field(
      name: name, number: number(), kind: kind ?? .message(type), isRepeated: isRepeated,
      choice: choice)
    expect(";")
    message.fields.append(field)
    if Self.scalar(type) == nil { openFields.append((message.fullName, field.number, type)) }
  }

  private mutating func readEnumeration(in scope: String) -> String {
    var enumeration = ProtobufSchema.Enumeration(fullName: "\(scope).\(word())")
    expect("{")
    while !take("}") {
      let name = word()
      expect("=")
      enumeration.values.append((name, Int32(number())))
      expect(";")
    }
    schema.enumerations[enumeration.fullName] = enumeration
    return enumeration.fullName
  }

  private mutating func readService() {
    var service = ProtobufSchema.Service(fullName: "\(schema.package).\(word())")
    expect("{")
    while !take("}") {
      expect("rpc")
      let name = word()
      let (input, isClientStreaming) = readEndpoint()
      expect("returns")
      let (output, isServerStreaming) = readEndpoint()
      expect(";")
      service.methods.append(
        ProtobufSchema.Method(
          name: name, input: input, output: output, isClientStreaming: isClientStreaming,
          isServerStreaming: isServerStreaming))
    }
    schema.services.append(service)
  }

  private mutating func readEndpoint() -> (String, Bool) {
    expect("(")
    let isStream = take("stream")
    let type = word()
    expect(")")
    guard case .message(let name) = find(type, from: schema.package) else {
      fatalError("\(schema.fileName): \(type) is no message")
    }
    return (name, isStream)
  }
}

// MARK: - Types

extension ProtobufSchemaText {
  private static func scalar(_ name: String) -> ProtobufSchema.Kind? {
    switch name {
    case "double": .double
    case "float": .float
    case "int64": .int64
    case "uint64": .uint64
    case "int32": .int32
    case "uint32": .uint32
    case "bool": .bool
    case "string": .string
    case "bytes": .bytes
    default: nil
    }
  }

  /// Puts the full name of its type into a field.
  private mutating func close(_ open: (message: String, field: Int, type: String)) {
    guard
      let index = schema.messages[open.message]?.fields.firstIndex(where: {
        $0.number == open.field
      }), let field = schema.messages[open.message]?.fields[index]
    else { return }
    let found = find(open.type, from: open.message)
    var kind = found
    if case .map(let key, _) = field.kind { kind = .map(key: key, value: found) }
    schema.messages[open.message]?.fields[index] = ProtobufSchema.Field(
      name: field.name, number: field.number, kind: kind, isRepeated: field.isRepeated,
      choice: field.choice)
  }

  /// The innermost declaration of that name, as seen from inside a message.
  private func find(_ type: String, from message: String) -> ProtobufSchema.Kind {
    var scope = message
    while true {
      let name = scope.isEmpty ? type : "\(scope).\(type)"
      for file in [schema] + others {
        if file.messages[name] != nil { return .message(name) }
        if file.enumerations[name] != nil { return .enumeration(name) }
      }
      if scope.isEmpty { fatalError("\(schema.fileName): no type \(type)") }
      scope = scope.lastIndex(of: ".").map { String(scope[..<$0]) } ?? ""
    }
  }
}
