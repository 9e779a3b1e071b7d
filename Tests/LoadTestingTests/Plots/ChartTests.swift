import Testing

@testable import LoadTesting

@Suite struct ChartTests {
  private func chart(_ shape: ChartSeries.Shape, scale: PlotScale = .linear) -> Chart {
    Chart(
      title: "A <title> & \"more\"", summary: "what is <seen>", x: ChartAxis("x, s"),
      y: ChartAxis("y", scale: scale), series: [ChartSeries("", color: 7, shape)])
  }

  @Test(arguments: [Chart.Size.wide, .narrow])
  func `every shape is well-formed and within the picture`(size: Chart.Size) {
    let points = (0..<50).map { ChartPoint(Double($0), Double($0 * $0)) }
    let shapes: [ChartSeries.Shape] = [
      .line(points), .dottedLine(points), .dots(points),
      .bars((0..<9).map { ChartSpan(low: Double($0), high: Double($0) + 1, value: Double($0)) }),
      .band((0..<9).map { ChartBand(x: Double($0), low: 1, high: Double($0) + 2) }),
    ]
    for shape in shapes {
      let svg = chart(shape).svg(size)
      #expect(WellFormed.problem(svg) == nil)
      #expect(svg.contains("A &lt;title&gt; &amp; &quot;more&quot;"))
      for number in svg.matches(of: /(?:x|x1|x2|cx)="(-?[0-9.]+)"/) {
        let x = Double(number.1) ?? -1
        #expect(x >= 0 && x <= size.width, "\(number.0)")
      }
    }
  }

  @Test(
    arguments: [
      [], [ChartPoint(.nan, 1)], [ChartPoint(0, 0)], [ChartPoint(1, .infinity)],
      [ChartPoint(5, 5), ChartPoint(5, 5)], [ChartPoint(-1, -1), ChartPoint(1e300, -1e300)],
    ] as [[ChartPoint]])
  func `odd values are drawn or left out`(points: [ChartPoint]) {
    for scale in [PlotScale.linear, .log, .tail] {
      let svg = chart(.line(points), scale: scale).svg()
      #expect(WellFormed.problem(svg) == nil)
      #expect(!svg.contains("nan") && !svg.contains("inf"))
    }
  }

  @Test func `a gap interrupts the line`() {
    let points = [0.0, 1, .nan, 3, 4].enumerated().map { ChartPoint(Double($0), $1) }
    let path = chart(.line(points)).svg().matches(of: /class="line s[^"]*" d="([^"]*)"/)
    #expect(path.first?.1.filter { $0 == "M" }.count == 2)
  }

  @Test func `several series have a legend, and a mark its word`() {
    var chart = chart(.line([ChartPoint(0, 1), ChartPoint(1, 2)]))
    #expect(!chart.svg().contains("first"))
    chart.series = ["first", "second"].enumerated().map {
      ChartSeries($1, color: $0, .line([ChartPoint(0, 1), ChartPoint(1, Double($0))]))
    }
    chart.marks = [ChartMark(.vertical, at: 0.5, "knee"), ChartMark(.horizontal, at: 1.5, "bound")]
    let svg = chart.svg()
    for word in [">first<", ">second<", ">knee<", ">bound<"] { #expect(svg.contains(word)) }
  }

  @Test func `a file of its own has its style in it`() {
    let chart = chart(.dots([ChartPoint(1, 1)]))
    #expect(!chart.svg().contains("<style>"))
    let file = chart.svg(isStandalone: true)
    #expect(file.contains("<style>") && file.contains("prefers-color-scheme:dark"))
    #expect(file.contains("xmlns=\"http://www.w3.org/2000/svg\""))
  }

  @Test(arguments: [Chart.Size.wide, .narrow])
  func `rows show bars and intervals`(size: Chart.Size) {
    let chart = RowChart(
      title: "ratios", summary: "<s>", axis: ChartAxis("ratio"), reference: 1,
      rows: [
        .init("p50 <b>", .interval(low: 0.9, value: 1, high: 1.2), "1.000", .soft),
        .init("p99", .interval(low: 1.1, value: 1.3, high: 1.9), "1.300", .bad),
        .init("all", .bar(0.4), "0.4"),
      ])
    let svg = chart.svg(size)
    #expect(WellFormed.problem(svg) == nil)
    #expect(svg.contains("p50 &lt;b&gt;"))
    #expect(svg.contains("sbad") && svg.contains("ssoft"))
    #expect(
      WellFormed.problem(
        RowChart(
          title: "", summary: "", axis: ChartAxis(""), rows: []
        ).svg(size)) == nil)
  }
}
