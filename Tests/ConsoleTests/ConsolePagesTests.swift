import Testing

@testable import Console

/// The text of an asset.
private func text(of asset: PageAsset) -> String {
  String(decoding: asset.bytes, as: UTF8.self)
}

private func text(atPath path: String) throws -> String {
  text(of: try #require(ConsolePages.asset(atPath: path)))
}

@Suite struct ConsolePagesTests {
  @Test(arguments: [
    ("/", "text/html; charset=utf-8", "<!doctype html>"),
    ("/assets/page.css", "text/css; charset=utf-8", "/*"),
    ("/assets/page.js", "text/javascript; charset=utf-8", "//"),
    ("/favicon.svg", "image/svg+xml", "<svg"),
  ])
  func `gives a file with its content type`(path: String, contentType: String, start: String) throws
  {
    let asset = try #require(ConsolePages.asset(atPath: path))
    #expect(asset.contentType == contentType)
    #expect(asset.path == path)
    #expect(text(of: asset).hasPrefix(start))
  }

  @Test(arguments: [
    "", "/index.html", "/assets/", "/assets/index.html", "/assets/../page.css", "/v2",
  ])
  func `has nothing at other paths`(path: String) {
    #expect(ConsolePages.asset(atPath: path) == nil)
  }

  @Test func `gives each file another entity tag and the same one each time`() throws {
    let tags = ConsolePages.assets.map(\.etag)
    #expect(Set(tags).count == tags.count)
    #expect(tags.allSatisfy { $0.hasPrefix("\"") && $0.hasSuffix("\"") && $0.count > 10 })
    #expect(tags == ConsolePages.assets.indices.map { PageAsset(at: $0).etag })
  }

  @Test func `keeps the bytes at one place, so that nobody needs to copy them`() throws {
    let asset = try #require(ConsolePages.asset(atPath: "/"))
    #expect(asset.bytes.baseAddress == PageAsset(at: 0).bytes.baseAddress)
    #expect(asset.bytes.count > 0)
  }
}

/// The rules that let the page work offline and under its own content security policy.
@Suite struct PageContentTests {
  @Test(arguments: ConsolePages.assets.map(\.path))
  func `refers to nothing outside this server`(path: String) throws {
    // The name of a format is no address: it is never fetched.
    let content = try text(atPath: path).split(separator: "http://www.w3.org/2000/svg").joined()
    #expect(!content.contains("http://"))
    #expect(!content.contains("https://"))
    #expect(!content.contains("=\"//"))
    #expect(!content.contains("url("))
  }

  @Test func `has no script, style or handler inside the markup`() throws {
    let markup = try text(atPath: "/")
    #expect(markup.matches(of: /<script(?![^>]*\ssrc=)/).isEmpty)
    #expect(markup.matches(of: /<style|\sstyle\s*=|\son[a-z]+\s*=|javascript:/).isEmpty)
  }

  @Test(arguments: ConsolePages.assets.map(\.path).filter { $0.hasSuffix(".js") })
  func `builds no markup or code from text`(path: String) throws {
    let script = try text(atPath: path)
    let banned =
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\('style/
    #expect(script.matches(of: banned).isEmpty)
  }

  @Test(arguments: ConsolePages.assets.map(\.path))
  func `refers only to files that are there`(path: String) throws {
    let content = try text(atPath: path)
    for reference in content.matches(of: /["'](\/assets\/[^"'#]*|\/favicon\.svg)/) {
      let named = String(reference.output.1)
      #expect(ConsolePages.asset(atPath: named) != nil, "\(path) refers to \(named)")
    }
  }

  @Test func `loads every file that is embedded`() throws {
    let all = ConsolePages.assets.map { text(of: $0) }.joined()
    for asset in ConsolePages.assets where asset.path != "/" {
      #expect(all.contains("\(asset.path)"), "\(asset.path) is embedded but never used")
    }
  }

  @Test func `allows itself nothing inline and nothing from elsewhere`() {
    let policy = ConsolePages.contentSecurityPolicy
    #expect(policy.hasPrefix("default-src 'none'; "))
    #expect(!policy.contains("unsafe"))
    #expect(!policy.contains("*"))
  }

  @Test func `has the same dark colours whether the system or the person chose them`() throws {
    let sheet = try text(atPath: "/assets/page.css")
    let lists = sheet.matches(of: /color-scheme: dark;\s*([^}]*)}/).map { match in
      match.output.1.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    #expect(lists.count == 2)
    #expect(Set(lists).count == 1)
  }
}
