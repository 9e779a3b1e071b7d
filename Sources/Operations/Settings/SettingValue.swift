import Glibc

/// A setting's value, of the kind that its row in the table says.
package enum SettingValue: Sendable, Equatable {
  /// A number, or a count of bytes.
  case integer(Int)
  case duration(Duration)
  case boolean(Bool)
  case text(String)
  case names([String])
  /// `none`, or nothing set.
  case absent
}

extension Setting.Kind {
  /// Reads a text; `nil` where it is not of this kind or out of range.
  package func value(of text: String, machine: MachineLimits) -> SettingValue? {
    switch self {
    case .integer(let range): integer(Int(text), range)
    case .integerOrAuto(let range): text == "auto" ? .absent : integer(Int(text), range)
    case .bytes(let range): integer(ByteSize.parse(text), range)
    case .bytesOrShare(let range):
      integer(share(text, of: machine.memoryByteCount) ?? ByteSize.parse(text), range)
    case .bytesPerSecond(let range):
      integer(ByteSize.parse(text.hasSuffix("/s") ? String(text.dropLast(2)) : text), range)
    case .duration(let range): duration(text, range)
    case .durationOrNone(let range): text == "none" ? .absent : duration(text, range)
    case .choice(let choices): choices.contains(text) ? .text(text) : nil
    case .boolean: boolean(text)
    case .text, .secret, .path: text.isEmpty ? .absent : .text(text)
    case .names, .secrets: .names(parts(of: text))
    case .resources:
      parts(of: text).allSatisfy { ResourceCount($0) != nil } ? .names(parts(of: text)) : nil
    case .hostPolicies:
      HostPolicy.all(in: parts(of: text)) != nil ? .names(parts(of: text)) : nil
    case .networks:
      parts(of: text).allSatisfy(isNetwork) ? .names(parts(of: text)) : nil
    }
  }

  /// What would have been right, for messages and the reference page.
  package var expectation: String {
    switch self {
    case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .integerOrAuto(let range):
      "auto or a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .bytes(let range): "a size from \(span(range)), such as 64MiB, 64MB or 65536"
    case .bytesOrShare(let range):
      "a size from \(span(range)), such as 2GiB, or a share such as 25%"
    case .bytesPerSecond(let range): "a rate from \(span(range)) a second, such as 16KiB/s"
    case .duration(let range): "a time from \(span(range)), such as 250ms, 10s or 1m"
    case .durationOrNone(let range): "none or a time from \(span(range)), such as 250ms, 10s or 1m"
    case .choice(let choices): choices.joined(separator: " or ")
    case .boolean: "true or false"
    case .text, .secret: "text"
    case .path: "the path of a file"
    case .names, .secrets: "names divided by commas"
    case .resources: "name:count or name:count:device, such as R1:10:0"
    case .hostPolicies: "a name and cpu-cores, such as fast,cpu-cores=0-3"
    case .networks: "IP addresses or networks such as 10.0.0.0/8, divided by commas"
    }
  }

  private func span(_ range: ClosedRange<Int>) -> String {
    "\(ByteSize.text(range.lowerBound)) to \(ByteSize.text(range.upperBound))"
  }

  private func span(_ range: ClosedRange<Duration>) -> String {
    "\(TimeSpan.text(range.lowerBound)) to \(TimeSpan.text(range.upperBound))"
  }

  private func integer(_ number: Int?, _ range: ClosedRange<Int>) -> SettingValue? {
    guard let number, range.contains(number) else { return nil }
    return .integer(number)
  }

  private func duration(_ text: String, _ range: ClosedRange<Duration>) -> SettingValue? {
    guard let duration = TimeSpan.parse(text), range.contains(duration) else { return nil }
    return .duration(duration)
  }

  private func boolean(_ text: String) -> SettingValue? {
    switch text.lowercased() {
    case "true", "yes", "on", "1": .boolean(true)
    case "false", "no", "off", "0": .boolean(false)
    default: nil
    }
  }

  /// `25%` of a whole, from 1 to 100.
  private func share(_ text: String, of whole: Int) -> Int? {
    guard text.hasSuffix("%"), let percent = Int(text.dropLast()), (1...100).contains(percent)
    else { return nil }
    return whole / 100 * percent
  }

  private func parts(of text: String) -> [String] {
    text.split(separator: ",").compactMap { part in
      let trimmed = part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
      return trimmed.isEmpty ? nil : String(trimmed)
    }
  }

  private func isNetwork(_ text: String) -> Bool {
    let pieces = text.split(separator: "/", omittingEmptySubsequences: false)
    guard let address = pieces.first, pieces.count <= 2 else { return false }
    var bytes = in6_addr()
    let isFour = inet_pton(AF_INET, String(address), &bytes) == 1
    guard isFour || inet_pton(AF_INET6, String(address), &bytes) == 1 else { return false }
    guard pieces.count == 2 else { return true }
    return Int(pieces[1]).map { (0...(isFour ? 32 : 128)).contains($0) } ?? false
  }
}

extension SettingValue {
  /// As `--print-config` shows it.
  func text(of kind: Setting.Kind) -> String {
    switch (self, kind) {
    case (.integer(let number), .bytes), (.integer(let number), .bytesOrShare):
      ByteSize.text(number)
    case (.integer(let number), .bytesPerSecond): ByteSize.text(number) + "/s"
    case (.integer(let number), _): String(number)
    case (.duration(let duration), _): TimeSpan.text(duration)
    case (.boolean(let isTrue), _): isTrue ? "true" : "false"
    case (.text, .secret): "(not shown)"
    case (.names(let names), .secrets) where !names.isEmpty: "(not shown)"
    case (.text(let text), _): text
    case (.names(let names), _): names.joined(separator: ",")
    case (.absent, .durationOrNone): "none"
    case (.absent, .integerOrAuto): "auto"
    case (.absent, _): ""
    }
  }
}
