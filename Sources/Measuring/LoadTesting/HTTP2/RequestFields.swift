/// The header block of every call of a method, made once (RFC 7541).
///
/// The first call of a connection leaves its fields in the server's table, later ones name them by
/// their places there: seven bytes. So do other clients; a server that is measured reads what it is
/// used to. A server whose table is too small gets the fields written out each time.
struct RequestFields: Sendable {
  /// What the first call says, and leaves in the table.
  private let inserting: [UInt8]
  /// What those after it say.
  private let referring: [UInt8]
  /// What is said where there is no table.
  private let plain: [UInt8]
  /// What the fields take in a table.
  private let tableByteCount: Int

  /// A table has as many bytes until its owner says otherwise.
  private static let usualTableByteCount = 4_096
  /// `:method: POST` and `:scheme: http` or `https` have places of their own in every table.
  private static let post: UInt8 = 0x83

  /// What is known about the table of a connection's server.
  struct Table: Sendable {
    fileprivate var byteCountMax = RequestFields.usualTableByteCount
    fileprivate var hasFields = false
    /// The table has shrunk since the last block, which the next has to say.
    fileprivate var resizedTo: Int?
    fileprivate var isUsed = true
  }

  init(path: String, authority: String, isEncrypted: Bool) {
    // A name by its place in the table of appendix A, or as a text.
    let fields: [(place: UInt8, name: String, value: String)] = [
      (4, ":path", path), (1, ":authority", authority), (0, "te", "trailers"),
      (31, "content-type", "application/grpc"), (58, "user-agent", "apus-bench"),
    ]
    let start = [Self.post, isEncrypted ? 0x87 : 0x86]
    inserting = fields.reduce(start) { $0 + Self.literal($1, mark: 0x40, prefix: 6) }
    plain = fields.reduce(start) { $0 + Self.literal($1, mark: 0, prefix: 4) }
    // The last that came in is the first, 62.
    referring = start + fields.indices.map { 0x80 | UInt8(62 + fields.count - 1 - $0) }
    tableByteCount = fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 32 }
  }

  private static func literal(
    _ field: (place: UInt8, name: String, value: String), mark: UInt8, prefix: Int
  ) -> [UInt8] {
    let name = field.place == 0 ? [mark] + text(field.name) : integer(field.place, mark, prefix)
    return name + text(field.value)
  }

  private static func text(_ text: String) -> [UInt8] {
    integer(text.utf8.count, 0, 7) + Array(text.utf8)
  }

  private static func integer(_ value: some BinaryInteger, _ mark: UInt8, _ prefix: Int) -> [UInt8]
  {
    let most = 1 << prefix - 1
    guard value >= most else { return [mark | UInt8(value)] }
    var rest = Int(value) - most
    var bytes = [mark | UInt8(most)]
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  /// The server's table has at most so many bytes from now on.
  func resize(_ table: inout Table, to byteCount: Int) {
    guard byteCount < table.byteCountMax else { return }
    table.byteCountMax = byteCount
    if tableByteCount > byteCount { table.isUsed = false }
    // A table that is not used may as well be none.
    table.resizedTo = table.isUsed ? byteCount : 0
  }

  /// The block of the next call.
  func next(_ table: inout Table) -> [UInt8] {
    if table.hasFields, table.isUsed, table.resizedTo == nil { return referring }
    return unusual(&table)
  }

  private func unusual(_ table: inout Table) -> [UInt8] {
    let resizing = table.resizedTo.map { Self.integer($0, 0x20, 5) } ?? []
    table.resizedTo = nil
    guard table.isUsed, tableByteCount <= table.byteCountMax else { return resizing + plain }
    let block = table.hasFields ? referring : inserting
    table.hasFields = true
    return resizing + block
  }
}
