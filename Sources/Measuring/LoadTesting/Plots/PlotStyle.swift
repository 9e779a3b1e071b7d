/// Colours and strokes of plots, by class names, light and dark.
///
/// The colours are those of Okabe and Ito (2008), which people with any kind of colour vision tell
/// apart, lighter in the dark; series differ in their dashes, too.
package enum PlotStyle {
  /// Colours that series have before they begin again.
  static let colorCount = 5

  /// Variables for light and dark; a page that has its own theme may set them otherwise.
  package static let colors = """
    :root{--ground:#fff;--ink:#1c2024;--soft:#586069;--grid:#e3e6ea;--edge:#c9ced4;\
    --c0:#0072b2;--c1:#d55e00;--c2:#00805f;--c3:#a8588a;--c4:#8a6d00;--bad:#c0271c;--good:#00744f}
    @media(prefers-color-scheme:dark){:root{--ground:#15181c;--ink:#e8eaed;--soft:#a3abb5;\
    --grid:#2b3037;--edge:#444b54;--c0:#5db4f0;--c1:#f79a4b;--c2:#3fc9a0;--c3:#dd94c3;--c4:#e0c04c;\
    --bad:#ff8378;--good:#3fc99a}}
    @media print{:root{--ground:#fff;--ink:#000;--soft:#444;--grid:#ddd;--edge:#aaa;--c0:#0072b2;\
    --c1:#d55e00;--c2:#00805f;--c3:#a8588a;--c4:#8a6d00;--bad:#c0271c;--good:#00744f}}

    """

  /// What plots are drawn with, on the variables above.
  package static let plots = """
    .plot{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;\
    font-variant-numeric:tabular-nums}
    .plot text{fill:var(--soft)}.plot .name{fill:var(--ink)}.plot .title{fill:var(--ink);font-weight:600}
    .plot .grid{stroke:var(--grid)}.plot .axis{stroke:var(--edge)}
    .plot .mark{stroke:var(--ink);stroke-dasharray:3 3}.plot .marked{fill:var(--ink)}
    .plot .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
    .plot .ground{fill:var(--ground)}.plot .band{fill-opacity:.16}.plot .bars{fill-opacity:.85}

    """
    + (0..<colorCount).map { number in
      let dashes = ["none", "7 4", "2 4", "9 3 2 3", "4 3"][number]
      return ".plot .s\(number){stroke:var(--c\(number));stroke-dasharray:\(dashes)}"
        + ".plot .f\(number){fill:var(--c\(number))}\n"
    }.joined()
    + ".plot .sbad{stroke:var(--bad)}.plot .fbad{fill:var(--bad)}"
    + ".plot .sgood{stroke:var(--good)}.plot .fgood{fill:var(--good)}"
    + ".plot .ssoft{stroke:var(--soft)}.plot .fsoft{fill:var(--soft)}\n"
}

/// Room that text takes, by count: nothing here can measure a font.
enum TextRoom {
  static let fontSize = 12.0
  static let lineHeight = 16.0

  /// Digits of the usual fonts are 0.56 to 0.61 of their size wide; letters on average less.
  static func width(_ text: String) -> Double { Double(text.count) * fontSize * 0.6 + 4 }

  /// A text cut to so many characters.
  static func clipped(_ text: String, to count: Int) -> String {
    text.count <= count ? text : text.prefix(max(1, count - 1)) + "…"
  }

  /// Puts centred labels on as few lines as keep them apart: the line of each, from 0, in the order given.
  static func lines(_ labels: [(center: Double, width: Double)]) -> [Int] {
    var ends: [Double] = []
    var lines = [Int](repeating: 0, count: labels.count)
    for index in labels.indices.sorted(by: { labels[$0].center < labels[$1].center }) {
      let (center, width) = labels[index]
      let line = ends.firstIndex { $0 + 8 <= center - width / 2 } ?? ends.count
      if line == ends.count { ends.append(0) }
      ends[line] = center + width / 2
      lines[index] = line
    }
    return lines
  }
}
