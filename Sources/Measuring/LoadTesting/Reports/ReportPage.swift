/// A page of HTML that needs nothing else: no script, font, picture or network.
enum ReportPage {
  static func html(title: String, _ body: (inout Markup) -> Void) -> String {
    var markup = Markup()
    markup.add(raw: "<!doctype html>\n")
    markup.element("html", ["lang": "en"]) { markup in
      markup.element("head") { writeHead(title, &$0) }
      markup.add(raw: "\n")
      markup.element("body") { body(&$0) }
    }
    return markup.text + "\n"
  }

  private static func writeHead(_ title: String, _ markup: inout Markup) {
    markup.empty("meta", ["charset": "utf-8"])
    // Whatever slipped into it could load nothing.
    markup.empty(
      "meta",
      [
        "http-equiv": "Content-Security-Policy",
        "content": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
      ])
    markup.empty(
      "meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
    markup.empty("meta", ["name": "color-scheme", "content": "light dark"])
    markup.empty("link", ["rel": "icon", "href": "data:,"])
    markup.element("title", title)
    markup.element("style") { $0.add(raw: ReportStyle.text) }
  }
}
