/// How a report looks: on a screen, light or dark, on a phone, on paper.
enum ReportStyle {
  static let text =
    PlotStyle.colors + PlotStyle.plots + """
      *{box-sizing:border-box}
      html{background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",\
      Roboto,"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%}
      body{max-width:61rem;margin:0 auto;padding:2rem 1.25rem 4rem}
      h1{font-size:1.75rem;line-height:1.25;margin:0 0 .25rem;letter-spacing:-.01em;overflow-wrap:anywhere}
      h2{font-size:1.3rem;line-height:1.3;margin:3rem 0 .25rem;padding-top:1.5rem;\
      border-top:1px solid var(--grid);overflow-wrap:anywhere}
      h3{font-size:1rem;margin:2rem 0 .5rem}
      p{margin:.25rem 0 .75rem;max-width:46rem}.soft{color:var(--soft)}
      .kicker{color:var(--soft);font-size:.875rem;margin:0 0 .5rem}
      .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:0 1.5rem;\
      margin:1rem 0 1.25rem;padding:0}
      .tiles div{border-left:3px solid var(--grid);padding:.15rem 0 .15rem .75rem;margin:.35rem 0}
      .tiles dt{color:var(--soft);font-size:.875rem}
      .tiles dd{margin:0;font-size:1.45rem;line-height:1.3;font-variant-numeric:tabular-nums}
      .tiles dd small{font-size:.875rem;color:var(--soft)}
      .good{color:var(--good)}.bad{color:var(--bad)}.tiles .lead{border-color:var(--c0)}
      .problems{margin:.5rem 0 1rem;padding:.6rem 1rem .6rem 2rem;border-left:3px solid var(--bad);\
      max-width:46rem}
      .notes{margin:.5rem 0 1rem;padding-left:1.25rem;color:var(--soft);max-width:46rem}
      .pair{display:grid;grid-template-columns:minmax(0,1fr);gap:0 2rem}
      @media(min-width:52rem){.pair.beside{grid-template-columns:minmax(0,1fr) 15rem}}
      figure{margin:0;break-inside:avoid}figure svg{display:block;width:100%;height:auto}
      .narrow{display:none}
      @media(max-width:34rem){.narrow{display:block}.wide{display:none}body{padding:1.25rem 1rem 3rem}\
      h1{font-size:1.4rem}}
      .scroll{overflow-x:auto}
      table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums;margin:.25rem 0 1rem}
      th,td{padding:.3rem 1.25rem .3rem 0;text-align:left;vertical-align:top;\
      border-bottom:1px solid var(--grid)}
      th{font-weight:500;color:var(--soft)}td.n,th.n{text-align:right}th:last-child,td:last-child{padding-right:0}
      td.wrap{overflow-wrap:anywhere}
      pre{font:.8125rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap;\
      overflow-wrap:anywhere;border-left:3px solid var(--grid);padding:.25rem 0 .25rem .75rem;margin:.5rem 0}
      details{margin:.25rem 0 1rem}summary{cursor:pointer;color:var(--soft);font-size:.875rem}
      footer{margin-top:3rem;color:var(--soft);font-size:.875rem}
      @media print{@page{size:A4;margin:16mm}html{font-size:10.5pt}body{max-width:none;padding:0}\
      .narrow,details{display:none}.wide{display:block}h2{margin-top:1.5rem;padding-top:.75rem}\
      h2,h3{break-after:avoid}tr,.tiles{break-inside:avoid}.pair.beside{grid-template-columns:1fr 13rem}\
      *{-webkit-print-color-adjust:exact;print-color-adjust:exact}}

      """
}
